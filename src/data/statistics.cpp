#include "data/statistics.h"

#include <cmath>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

ChannelSummary summary_of(const Moments& moments, double min, double max) {
  ChannelSummary summary;
  summary.count = static_cast<std::uint64_t>(moments.count);
  if (moments.count == 0) return summary;
  summary.mean = moments.mean;
  summary.std = std::sqrt(moments.variance(Divisor::population));
  if (moments.count > 1) summary.std_sample = std::sqrt(moments.variance(Divisor::sample));
  summary.min = min;
  summary.max = max;
  return summary;
}

ChannelSummary summary_of(const FloatChannel& c) { return summary_of(c.moments, c.range.min, c.range.max); }

ChannelSummary summary_of(const IntegerSums& c) {
  return summary_of(c.moments(), static_cast<double>(c.min), static_cast<double>(c.max));
}

template <class Counted>
ChannelSummary summary_of(const Counted& c) {
  return summary_of(c.moments(), static_cast<double>(first_value(c.counts)), static_cast<double>(last_value(c.counts)));
}

template <class Channel>
std::span<const Channel> channels_of(const Statistics::State& state) noexcept {
  const auto* channels = std::get_if<std::vector<Channel>>(&state);
  return channels != nullptr ? std::span<const Channel>(*channels) : std::span<const Channel>();
}

Statistics::State empty_state(ValueType type, std::size_t channels) {
  if (type == DType::u8) return std::vector<Histogram>(channels);
  if (type == ValueType::u16()) return std::vector<Histogram16>(channels);
  return std::vector<FloatChannel>(channels);
}

}  // namespace

void FloatChannel::merge(const FloatChannel& other) noexcept {
  moments.merge(other.moments);
  range.merge(other.range);
  nan += other.nan;
  positive_infinity += other.positive_infinity;
  negative_infinity += other.negative_infinity;
}

Statistics::Statistics(ValueType type, std::int64_t channels)
    : type_(type), state_(empty_state(type, static_cast<std::size_t>(channels))) {}

std::int64_t Statistics::channels() const noexcept {
  return std::visit([](const auto& state) { return static_cast<std::int64_t>(state.size()); }, state_);
}

std::span<const Histogram> Statistics::histograms() const noexcept { return channels_of<Histogram>(state_); }
std::span<const Histogram16> Statistics::histograms16() const noexcept { return channels_of<Histogram16>(state_); }
std::span<const IntegerSums> Statistics::sums() const noexcept { return channels_of<IntegerSums>(state_); }
std::span<const FloatChannel> Statistics::floats() const noexcept { return channels_of<FloatChannel>(state_); }

Counts Statistics::counts(std::int64_t channel) const noexcept {
  const auto c = static_cast<std::size_t>(channel);
  if (!histograms().empty()) return histograms()[c].counts;
  if (!histograms16().empty()) return histograms16()[c].counts;
  return {};
}

ChannelSummary Statistics::summary(std::int64_t channel) const {
  return std::visit([&](const auto& state) { return summary_of(state[static_cast<std::size_t>(channel)]); }, state_);
}

void Statistics::merge(const Statistics& other) {
  const bool same_kind = state_.index() == other.state_.index() && samples_.size() == other.samples_.size();
  if (other.type_ != type_ || other.channels() != channels() || !same_kind) {
    throw Error(Code::shape,
                fmt::format("[stats] merge: expected {} channels of {}, got {} of {}{}", channels(), name_of(type_),
                            other.channels(), name_of(other.type_), same_kind ? "" : " measured in another way"));
  }
  for (std::size_t c = 0; c < sums().size(); ++c) {
    if (sums()[c].count + other.sums()[c].count > IntegerSums::max_count) {
      throw Error(Code::data, "[stats] merge: expected at most 2^32 values of a pixel, got more");
    }
  }
  std::visit(
      [&](auto& mine) {
        const auto& theirs = std::get<std::decay_t<decltype(mine)>>(other.state_);
        for (std::size_t c = 0; c < mine.size(); ++c) mine[c].merge(theirs[c]);
      },
      state_);
  for (std::size_t c = 0; c < samples_.size(); ++c) samples_[c].merge(other.samples_[c]);
}

}  // namespace poise
