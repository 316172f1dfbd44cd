#include "data/image_set.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

namespace poise {
namespace {

// Puts one into its place among the best, where it belongs there.
template <class Before>
void keep(std::vector<Outlier>& best, std::string_view name, double mean, double std, const Before& before) {
  if (best.size() == Outliers::kept && !before(Outlier{std::string(name), mean, std}, best.back())) return;
  const Outlier one{std::string(name), mean, std};
  best.insert(std::upper_bound(best.begin(), best.end(), one, before), one);
  if (best.size() > Outliers::kept) best.pop_back();
}

// Names decide between equals, so that the order of the samples does not.
bool darker(const Outlier& a, const Outlier& b) { return a.mean != b.mean ? a.mean < b.mean : a.name < b.name; }
bool brighter(const Outlier& a, const Outlier& b) { return a.mean != b.mean ? a.mean > b.mean : a.name < b.name; }
bool flatter(const Outlier& a, const Outlier& b) { return a.std != b.std ? a.std < b.std : a.name < b.name; }

}  // namespace

void ImageSizes::add(std::int64_t height, std::int64_t width) {
  ImageSizes one;
  one.min_height = one.max_height = height;
  one.min_width = one.max_width = width;
  one.counts[{height, width}] = 1;
  const double octaves = std::log2(static_cast<double>(width) / static_cast<double>(height));
  const double place = std::clamp(std::round(4 * octaves), -16.0, 16.0);
  one.aspects[static_cast<std::size_t>(place + 16)] = 1;
  merge(one);
}

void ImageSizes::merge(const ImageSizes& other) {
  if (other.images() == 0) return;
  if (images() == 0) {
    *this = other;
    return;
  }
  min_height = std::min(min_height, other.min_height);
  max_height = std::max(max_height, other.max_height);
  min_width = std::min(min_width, other.min_width);
  max_width = std::max(max_width, other.max_width);
  for (std::size_t i = 0; i < aspects.size(); ++i) aspects[i] += other.aspects[i];
  too_many = too_many || other.too_many;
  if (!too_many) {
    for (const auto& [size, count] : other.counts) counts[size] += count;
    too_many = counts.size() > max_different;
  }
  if (too_many) counts.clear();
}

std::uint64_t ImageSizes::images() const noexcept {
  return std::accumulate(aspects.begin(), aspects.end(), std::uint64_t{0});
}

void ClassSums::merge(const ClassSums& other) {
  samples += other.samples;
  pixels += other.pixels;
  sums.resize(std::max(sums.size(), other.sums.size()));
  for (std::size_t c = 0; c < other.sums.size(); ++c) sums[c] += other.sums[c];
}

void Classes::add(const std::string& name, const ClassSums& sums) {
  if (too_many) return;
  by_name[name].merge(sums);
  too_many = by_name.size() > max_classes;
  if (too_many) by_name.clear();
}

void Classes::merge(const Classes& other) {
  for (const auto& [name, sums] : other.by_name) add(name, sums);
  too_many = too_many || other.too_many;
  if (too_many) by_name.clear();
}

// Of equals the name decides.
bool Outliers::wants(double mean, double std) const noexcept {
  return darkest.size() < kept || mean <= darkest.back().mean || mean >= brightest.back().mean ||
         std <= flattest.back().std;
}

void Outliers::add(std::string_view name, double mean, double std) {
  keep(darkest, name, mean, std, darker);
  keep(brightest, name, mean, std, brighter);
  keep(flattest, name, mean, std, flatter);
}

void Outliers::merge(const Outliers& other) {
  for (const Outlier& o : other.darkest) keep(darkest, o.name, o.mean, o.std, darker);
  for (const Outlier& o : other.brightest) keep(brightest, o.name, o.mean, o.std, brighter);
  for (const Outlier& o : other.flattest) keep(flattest, o.name, o.mean, o.std, flatter);
}

void Failures::merge(const std::vector<Failure>& others) {
  list.insert(list.end(), others.begin(), others.end());
  std::sort(list.begin(), list.end());
  if (list.size() > max_kept) list.resize(max_kept);
}

}  // namespace poise
