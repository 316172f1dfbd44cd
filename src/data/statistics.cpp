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

template <class Channel>
std::span<const Channel> channels_of(const std::variant<std::vector<Histogram>, std::vector<FloatChannel>>& state) {
  const auto* channels = std::get_if<std::vector<Channel>>(&state);
  return channels != nullptr ? std::span<const Channel>(*channels) : std::span<const Channel>();
}

}  // namespace

void FloatChannel::merge(const FloatChannel& other) noexcept {
  moments.merge(other.moments);
  range.merge(other.range);
  nan += other.nan;
  positive_infinity += other.positive_infinity;
  negative_infinity += other.negative_infinity;
}

Statistics::Statistics(DType dtype, std::int64_t channels) : dtype_(dtype) {
  const auto count = static_cast<std::size_t>(channels);
  if (dtype == DType::u8) {
    state_ = std::vector<Histogram>(count);
  } else {
    state_ = std::vector<FloatChannel>(count);
  }
}

std::int64_t Statistics::channels() const noexcept {
  return static_cast<std::int64_t>(histograms().size() + floats().size());
}

std::span<const Histogram> Statistics::histograms() const noexcept { return channels_of<Histogram>(state_); }
std::span<const FloatChannel> Statistics::floats() const noexcept { return channels_of<FloatChannel>(state_); }

ChannelSummary Statistics::summary(std::int64_t channel) const {
  const auto c = static_cast<std::size_t>(channel);
  if (dtype_ == DType::u8) return summary_of(histograms()[c].moments(), histograms()[c].min(), histograms()[c].max());
  return summary_of(floats()[c].moments, floats()[c].range.min, floats()[c].range.max);
}

void Statistics::merge(const Statistics& other) {
  if (other.dtype_ != dtype_ || other.channels() != channels()) {
    throw Error(Code::shape, fmt::format("[stats] merge: expected {} channels of {}, got {} of {}", channels(),
                                         name_of(dtype_), other.channels(), name_of(other.dtype_)));
  }
  std::visit(
      [&](auto& mine) {
        const auto& theirs = std::get<std::decay_t<decltype(mine)>>(other.state_);
        for (std::size_t c = 0; c < mine.size(); ++c) mine[c].merge(theirs[c]);
      },
      state_);
}

}  // namespace poise
