#include "data/channel_layout.h"

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {

ChannelLayout channel_layout(const Dims& shape, int channel_axis) {
  if (channel_axis < 0) return {};
  if (channel_axis >= shape.size()) {
    throw Error(Code::usage, fmt::format("[data] channel axis: expected an axis of shape {} or none, got {}",
                                         shape.str(), channel_axis));
  }
  ChannelLayout layout{shape[channel_axis], 1};
  for (int axis = channel_axis + 1; axis < shape.size(); ++axis) layout.inner *= std::max<std::int64_t>(shape[axis], 1);
  if (layout.channels > max_channels) {
    throw Error(Code::shape,
                fmt::format("[data] channels: expected at most {}, got {} (another channel axis, or none?)",
                            max_channels, layout.channels));
  }
  return layout;
}

}  // namespace poise
