#include "data/image_set_reader.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

std::int64_t read_size(const JsonObject& json, const char* key) {
  const std::uint64_t size = json.count(key);
  if (size == 0 || size > std::uint64_t{1} << 31) json.fail(key, "1 to 2^31", fmt::format("{}", size));
  return static_cast<std::int64_t>(size);
}

std::vector<Outlier> read_outliers(const JsonObject& json, const char* key) {
  std::vector<Outlier> list;
  for (const JsonObject& one : json.objects(key)) {
    list.push_back({one.string("name"), one.number("mean"), one.number("std")});
  }
  if (list.size() > Outliers::kept) {
    json.fail(key, fmt::format("at most {} of them", Outliers::kept), fmt::format("{}", list.size()));
  }
  return list;
}

}  // namespace

ImageSizes read_sizes(const JsonObject& json) {
  ImageSizes sizes;
  sizes.min_height = read_size(json, "min_height");
  sizes.max_height = read_size(json, "max_height");
  sizes.min_width = read_size(json, "min_width");
  sizes.max_width = read_size(json, "max_width");
  sizes.too_many = json.boolean("too_many");
  const std::vector<std::uint64_t> aspects = json.counts("aspects");
  if (aspects.size() != sizes.aspects.size()) json.fail("aspects", "33 counts", fmt::format("{}", aspects.size()));
  std::copy(aspects.begin(), aspects.end(), sizes.aspects.begin());
  std::uint64_t images = 0;
  for (const auto& row : json.rows("height_width_images", 3)) {
    sizes.counts[{static_cast<std::int64_t>(row[0]), static_cast<std::int64_t>(row[1])}] += row[2];
    images += row[2];
  }
  const std::uint64_t expected = sizes.images();
  if (json.count("images") != expected || (!sizes.too_many && images != expected)) {
    json.fail("images", fmt::format("{} as the aspects and sizes say", expected),
              fmt::format("{}", json.count("images")));
  }
  return sizes;
}

Classes read_classes(const JsonObject& json) {
  Classes classes;
  for (const JsonObject& one : json.objects("list")) {
    ClassSums sums{one.count("samples"), one.count("pixels"), one.counts("sums")};
    classes.add(one.string("name"), sums);
  }
  classes.too_many = json.boolean("too_many");
  return classes;
}

Outliers read_outliers(const JsonObject& json) {
  return {read_outliers(json, "darkest"), read_outliers(json, "brightest"), read_outliers(json, "flattest")};
}

Failures read_failures(const JsonObject& samples) {
  Failures failures;
  std::vector<Failure> list;
  for (const JsonObject& one : samples.objects("failures"))
    list.push_back({one.string("name"), one.string("error"), {}});
  failures.merge(list);
  return failures;
}

std::vector<Fingerprint> read_hashes(const JsonObject& samples) {
  std::vector<Fingerprint> hashes;
  for (const std::string& digits : samples.strings("hashes")) {
    try {
      hashes.push_back(Fingerprint::parse_digits(digits));
    } catch (const Error&) {
      samples.fail("hashes", "texts of 32 hexadecimal digits", digits.substr(0, 64));
    }
  }
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

}  // namespace poise
