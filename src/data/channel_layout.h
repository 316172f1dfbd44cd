#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <poise/tensor.h>

namespace poise {

// Which values share a channel: value k of a data set, counted row-major, belongs to channel (k / inner) % channels.
// Without a channel axis (-1) all values are one channel.
struct ChannelLayout {
  std::int64_t channels = 1;
  std::int64_t inner = std::numeric_limits<std::int64_t>::max();

  // Calls f(channel, first, count) for each run of neighbours of one channel in values [position, position + count),
  // first counted from position.
  template <class F>
  void for_each_run(std::int64_t position, std::int64_t count, const F& f) const {
    std::int64_t channel = position / inner % channels;
    std::int64_t left = inner - position % inner;
    for (std::int64_t first = 0; first < count; left = inner) {
      const std::int64_t run = std::min(left, count - first);
      f(static_cast<std::size_t>(channel), static_cast<std::size_t>(first), static_cast<std::size_t>(run));
      first += run;
      if (++channel == channels) channel = 0;
    }
  }
};

// Error{usage} when the axis is none of shape's, Error{shape} when it has more channels than max_channels.
ChannelLayout channel_layout(const Dims& shape, int channel_axis);

// More would make the statistics larger than most data.
inline constexpr std::int64_t max_channels = 1 << 16;

}  // namespace poise
