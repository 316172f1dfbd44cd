#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/json_object.h"
#include "data/statistics_file.h"
#include "data/statistics_schema.h"

namespace poise {
namespace {

// The largest file Poise writes: max_channels of 256 counts of 20 digits.
constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 29;

template <class Make>
auto checked(const JsonObject& json, const char* key, const char* expected, const Make& make) {
  try {
    return make(json.string(key));
  } catch (const Error&) {
    json.fail(key, expected, json.string(key).substr(0, 64));
  }
}

Dims read_shape(const JsonObject& json) {
  const std::vector<std::uint64_t> sizes = json.counts("shape");
  std::int64_t values = 1;
  bool fits = sizes.size() <= static_cast<std::size_t>(max_rank);
  for (const std::uint64_t size : sizes) fits = fits && !__builtin_mul_overflow(values, size, &values) && size > 0;
  if (!fits) json.fail("shape", "at most 8 sizes above 0", fmt::format("{}", fmt::join(sizes, ", ")));
  Dims shape;
  for (const std::uint64_t size : sizes) shape.push_back(static_cast<std::int64_t>(size));
  return shape;
}

void read_samples(const JsonObject& json, Provenance& p) {
  p.seen = json.count("seen");
  p.used = json.count("used");
  p.skipped = json.count("skipped");
  p.failed = json.count("failed");
  // Each alone first, so that no sum wraps around.
  const bool within = p.used <= p.seen && p.skipped <= p.seen - p.used && p.failed == p.seen - p.used - p.skipped;
  if (!within) json.fail("seen", "used + skipped + failed", fmt::format("{}", p.seen));
}

int read_channel_axis(const JsonObject& json, const Dims& shape) {
  if (json.is_null("channel_axis")) return -1;
  const std::uint64_t axis = json.count("channel_axis");
  if (axis >= static_cast<std::uint64_t>(shape.size())) {
    json.fail("channel_axis", fmt::format("an axis of shape {} or null", shape.str()), fmt::format("{}", axis));
  }
  return static_cast<int>(axis);
}

std::optional<std::string> read_split(const JsonObject& json) {
  if (json.is_null("split")) return std::nullopt;
  return checked(json, "split", "train, val, test or null", [](const std::string& split) {
    check_split(split);
    return split;
  });
}

Provenance read_provenance(const JsonObject& json) {
  Provenance p;
  const JsonObject source = json.object("source");
  p.poise_version = json.string("poise");
  p.name = source.string("name");
  p.format = source.string("format");
  p.compression = source.string("compression");
  p.dtype = checked(source, "dtype", "f32, f64, bf16, f16 or u8", [](const std::string& s) { return dtype_named(s); });
  p.shape = read_shape(source);
  p.fingerprint = checked(source, "fingerprint", "xxh3-128: and 32 hexadecimal digits", Fingerprint::parse);
  read_samples(json.object("samples"), p);
  p.split = read_split(json);
  p.channel_axis = read_channel_axis(json, p.shape);
  return p;
}

Histogram read_histogram(const JsonObject& json) {
  const std::vector<std::uint64_t> counts = json.counts("counts");
  Histogram histogram;
  if (counts.size() != histogram.counts.size()) json.fail("counts", "256 counts", fmt::format("{}", counts.size()));
  std::copy(counts.begin(), counts.end(), histogram.counts.begin());
  uint128 total = 0;
  for (const std::uint64_t count : counts) total += count;
  if (total > static_cast<uint128>(std::numeric_limits<std::int64_t>::max())) {
    json.fail("counts", "a sum below 2^63", "more");
  }
  return histogram;
}

FloatChannel read_float_channel(const JsonObject& channel) {
  const JsonObject json = channel.object("state");
  FloatChannel state;
  const std::uint64_t count = json.count("count");
  if (count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    json.fail("count", "a number below 2^63", fmt::format("{}", count));
  }
  state.moments = {static_cast<std::int64_t>(count), json.number("mean"), json.number("m2")};
  if (count > 0) state.range = {json.number("min"), json.number("max")};
  state.nan = channel.count("nan");
  state.positive_infinity = channel.count("positive_infinity");
  state.negative_infinity = channel.count("negative_infinity");
  // A merged mean may lie outside by its rounding.
  const double slack = 1e-9 * std::max(std::abs(state.range.min), std::abs(state.range.max));
  const bool ordered = state.range.min - slack <= state.moments.mean && state.moments.mean <= state.range.max + slack;
  const bool empty = count == 0 && state.moments.mean == 0 && state.moments.m2 == 0;
  if (state.moments.m2 < 0) json.fail("m2", "at least 0", fmt::format("{}", state.moments.m2));
  if (!empty && !ordered) json.fail("mean", "a value from min to max", fmt::format("{}", state.moments.mean));
  return state;
}

Statistics read_state(const Provenance& p, const std::vector<JsonObject>& channels) {
  std::vector<Histogram> histograms;
  std::vector<FloatChannel> floats;
  for (const JsonObject& channel : channels) {
    if (p.dtype == DType::u8) histograms.push_back(read_histogram(channel.object("state")));
    if (p.dtype != DType::u8) floats.push_back(read_float_channel(channel));
  }
  if (p.dtype == DType::u8) return {p.dtype, std::move(histograms)};
  return {p.dtype, std::move(floats)};
}

// The rounding of a square root and a division by another version of Poise may differ, an edited number differs more.
bool agrees(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) return !a && !b;
  return std::abs(*a - *b) <= 1e-9 * std::max(std::abs(*a), std::abs(*b));
}

void check_number(const JsonObject& json, const char* key, const std::optional<double>& expected) {
  const std::optional<double> got = json.number_or_null(key);
  if (agrees(expected, got)) return;
  const auto text = [](const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "null"; };
  json.fail(key, text(expected) + " as follows from the state", text(got));
}

void check_summary(const JsonObject& json, const ChannelSummary& summary) {
  if (json.count("count") != summary.count) {
    json.fail("count", fmt::format("{} as follows from the state", summary.count),
              fmt::format("{}", json.count("count")));
  }
  check_number(json, "mean", summary.mean);
  check_number(json, "std", summary.std);
  check_number(json, "std_sample", summary.std_sample);
  check_number(json, "min", summary.min);
  check_number(json, "max", summary.max);
}

// Where no sample was left out, every value of the shape must be in the state.
void check_values(const JsonObject& json, const StatisticsFile& file, std::int64_t channel) {
  const Provenance& p = file.provenance;
  std::uint64_t got = file.statistics.summary(channel).count;
  if (p.dtype != DType::u8) {
    const FloatChannel& state = file.statistics.floats()[static_cast<std::size_t>(channel)];
    got += state.nan + state.positive_infinity + state.negative_infinity;
  }
  const auto expected = static_cast<std::uint64_t>(p.shape.product() / file.statistics.channels());
  if (p.used == p.seen && got != expected) {
    json.fail("state", fmt::format("{} values for shape {}", expected, p.shape.str()), fmt::format("{}", got));
  }
}

StatisticsFile read_file(const JsonObject& json) {
  if (json.string("schema") != stats_schema) {
    json.fail("schema", stats_schema, "'" + json.string("schema").substr(0, 64) + "'");
  }
  Provenance p = read_provenance(json);
  const std::vector<JsonObject> channels = json.objects("channels");
  const std::int64_t expected = p.channel_axis < 0 ? 1 : p.shape[p.channel_axis];
  if (static_cast<std::int64_t>(channels.size()) != expected) {
    json.fail("channels", fmt::format("{} of them", expected), fmt::format("{}", channels.size()));
  }
  Statistics statistics = read_state(p, channels);
  StatisticsFile file{std::move(p), std::move(statistics)};
  if (json.number("scale") != file.scale()) {
    json.fail("scale", fmt::format("{} for {}", file.scale(), name_of(file.provenance.dtype)),
              fmt::format("{}", json.number("scale")));
  }
  for (std::size_t c = 0; c < channels.size(); ++c) {
    check_values(channels[c], file, static_cast<std::int64_t>(c));
    check_summary(channels[c], file.statistics.summary(static_cast<std::int64_t>(c)));
  }
  return file;
}

}  // namespace

void check_split(const std::string& split) {
  if (split != "train" && split != "val" && split != "test") {
    throw Error(Code::usage, fmt::format("[stats] split: expected train, val or test, got '{}'", split));
  }
}

StatisticsFile parse_statistics(std::string_view json, const std::string& name) {
  try {
    return read_file(JsonObject(nlohmann::json::parse(json), name, ""));
  } catch (const nlohmann::json::parse_error& bad) {
    throw Error(Code::data, fmt::format("[stats] {}: expected JSON, got a mistake at byte {}", name, bad.byte));
  } catch (const nlohmann::json::exception&) {
    throw Error(Code::data, fmt::format("[stats] {}: expected numbers within float64, got one beyond", name));
  }
}

StatisticsFile read_statistics(const std::string& path) {
  const auto stream = open_stream(path);
  const std::uint64_t bytes = stream->extent().bytes;
  if (!stream->extent().exact || bytes > max_file_bytes) {
    throw Error(Code::data,
                fmt::format("[stats] {}: expected a statistics file, got {} bytes of other data", path, bytes));
  }
  std::string text(bytes, '\0');
  stream->read(std::as_writable_bytes(std::span(text)));
  return parse_statistics(text, path);
}

}  // namespace poise
