#include "data/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// 0 over 0 is no change.
double quotient(double x, double y, double none) {
  if (y != 0) return x / y;
  return x == 0 ? none : infinite;
}

double largest_gap(Counts a, Counts b) {
  const auto all_a = static_cast<double>(total(a)), all_b = static_cast<double>(total(b));
  std::uint64_t below_a = 0, below_b = 0;
  double gap = 0;
  for (std::size_t v = 0; v < a.size(); ++v) {
    below_a += a[v];
    below_b += b[v];
    gap = std::max(gap, std::abs(static_cast<double>(below_a) / all_a - static_cast<double>(below_b) / all_b));
  }
  return gap;
}

void check(const StatisticsFile& a, const StatisticsFile& b) {
  const std::int64_t channels = a.statistics.channels();
  if (b.statistics.channels() != channels) {
    throw Error(Code::shape, fmt::format("[check] {}: expected {} channels like {}, got {}", b.provenance.name,
                                         channels, a.provenance.name, b.statistics.channels()));
  }
  if (a.statistics.floats().empty() != b.statistics.floats().empty()) {
    throw Error(Code::refused, fmt::format("[check] {}: expected {} data like {}, got the other", b.provenance.name,
                                           a.statistics.floats().empty() ? "integer" : "floating", a.provenance.name));
  }
}

}  // namespace

double ChannelDrift::distance() const noexcept { return std::max({shift, std::abs(std::log(ratio)), gap.value_or(0)}); }

std::vector<ChannelDrift> drift(const StatisticsFile& a, const StatisticsFile& b) {
  check(a, b);
  std::vector<ChannelDrift> channels;
  for (std::int64_t c = 0; c < a.statistics.channels(); ++c) {
    const ChannelSummary of_a = a.statistics.summary(c), of_b = b.statistics.summary(c);
    ChannelDrift& channel = channels.emplace_back();
    // No values on one side only is all the drift there can be.
    if (of_a.count == 0 || of_b.count == 0) {
      channel.shift = of_a.count == of_b.count ? 0 : infinite;
      continue;
    }
    const double std_a = of_a.std / a.scale(), std_b = of_b.std / b.scale();
    channel.shift = quotient(std::abs(of_b.mean / b.scale() - of_a.mean / a.scale()), std_a, 0);
    channel.ratio = quotient(std_b, std_a, 1);
    const Counts counts_a = a.statistics.counts(c), counts_b = b.statistics.counts(c);
    if (!counts_a.empty() && counts_a.size() == counts_b.size()) channel.gap = largest_gap(counts_a, counts_b);
  }
  return channels;
}

// The hashes of a file are in order.
std::optional<std::uint64_t> samples_in_both(const StatisticsFile& a, const StatisticsFile& b) {
  if (!a.samples || !b.samples) return std::nullopt;
  std::uint64_t shared = 0;
  for (const Fingerprint& sample : *b.samples) {
    shared += std::binary_search(a.samples->begin(), a.samples->end(), sample) ? 1 : 0;
  }
  return shared;
}

}  // namespace poise
