#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/statistics_file.h"

namespace poise {
namespace {

constexpr std::string_view joint = " + ";

void add_parts(std::set<std::string>& parts, std::string_view names) {
  for (std::size_t end = names.find(joint); end != std::string_view::npos; end = names.find(joint)) {
    parts.emplace(names.substr(0, end));
    names.remove_prefix(end + joint.size());
  }
  parts.emplace(names);
}

// The union of two lists of names, in order: the same for every order of the merges.
std::string united(const std::string& a, const std::string& b) {
  if (a == b) return a;
  std::set<std::string> parts;
  add_parts(parts, a);
  add_parts(parts, b);
  return fmt::format("{}", fmt::join(parts, joint));
}

[[noreturn]] void fail(const char* what, std::string_view expected, std::string_view got) {
  throw Error(Code::shape, fmt::format("[merge] {}: expected {} as in the first file, got {}", what, expected, got));
}

void expect_same(const char* what, std::string_view a, std::string_view b) {
  if (a != b) fail(what, a, b);
}

void check_alike(const StatisticsFile& a, const StatisticsFile& b) {
  const Provenance &p = a.provenance, &q = b.provenance;
  expect_same("dtype", name_of(p.dtype), name_of(q.dtype));
  expect_same("split", p.split.value_or("none"), q.split.value_or("none"));
  expect_same("per", word_of(p.per), word_of(q.per));
  expect_same("mode", word_of(p.mode), word_of(q.mode));
  expect_same("alpha", word_of(p.alpha), word_of(q.alpha));
  expect_same("estimator", word_of(a.estimator), word_of(b.estimator));
  expect_same("weight", word_of(a.weight), word_of(b.weight));
  expect_same("kind of data", p.images ? "images" : "arrays", q.images ? "images" : "arrays");
  const auto axis = [](int i) { return i < 0 ? "none" : fmt::format("{}", i); };
  expect_same("channel axis", axis(p.channel_axis), axis(q.channel_axis));
  if (p.channel_axis == 0) throw Error(Code::shape, "[merge] channel axis: expected another than the samples', got 0");
}

Dims merged_shape(const Provenance& p, const Provenance& q) {
  bool same = p.shape.size() == q.shape.size() && !p.shape.empty();
  for (int axis = 1; same && axis < p.shape.size(); ++axis) same = p.shape[axis] == q.shape[axis];
  // One value a file: two of them are an array of two.
  if (!p.images && p.shape.empty() && q.shape.empty()) return {2};
  if (!same && (!p.images || p.per == Grouping::pixel)) fail("shape", p.shape.str(), q.shape.str());
  if (!same) return {};
  Dims shape = p.shape;
  if (__builtin_add_overflow(p.shape[0], q.shape[0], &shape[0])) fail("shape", p.shape.str(), q.shape.str());
  return shape;
}

template <class T>
void merge_optional(std::optional<T>& into, const std::optional<T>& from) {
  if (!from) return;
  if (!into) into.emplace();
  into->merge(*from);
}

void merge_samples(StatisticsFile& into, const StatisticsFile& from) {
  // A list of some of the samples would pass for one of all.
  if (!from.samples) into.samples.reset();
  if (!into.samples) return;
  std::vector<Fingerprint> all;
  std::merge(into.samples->begin(), into.samples->end(), from.samples->begin(), from.samples->end(),
             std::back_inserter(all));
  into.samples = std::move(all);
}

}  // namespace

void merge(StatisticsFile& into, const StatisticsFile& from) {
  check_alike(into, from);
  Provenance& p = into.provenance;
  const Provenance& q = from.provenance;
  const Dims shape = merged_shape(p, q);
  into.statistics.merge(from.statistics);
  p.shape = shape;
  p.poise_version = united(p.poise_version, q.poise_version);
  p.name = united(p.name, q.name);
  p.format = united(p.format, q.format);
  p.compression = united(p.compression, q.compression);
  p.decoder = united(p.decoder, q.decoder);
  p.fingerprint.merge(q.fingerprint);
  p.seen += q.seen;
  p.used += q.used;
  p.skipped += q.skipped;
  p.failed += q.failed;
  merge_optional(into.sizes, from.sizes);
  merge_optional(into.classes, from.classes);
  merge_optional(into.outliers, from.outliers);
  into.failures.merge(from.failures.list);
  merge_samples(into, from);
  into.run.reset();
}

Estimate estimate(const StatisticsFile& file, std::int64_t channel) {
  const ChannelSummary summary = file.statistics.summary(channel);
  Estimate result{summary.mean, summary.std};
  if (file.statistics.samples().empty()) return result;
  const SampleMoments& samples = file.statistics.samples()[static_cast<std::size_t>(channel)];
  if (file.weight == Weight::image) result.mean = samples.mean_of_means();
  if (file.estimator == Estimator::mean_of_std) result.std = samples.mean_of_std();
  if (file.estimator == Estimator::sqrt_mean_var) result.std = samples.sqrt_mean_var();
  return result;
}

}  // namespace poise
