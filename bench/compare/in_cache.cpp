#include "in_cache.h"

#include <string_view>

namespace poise::bench {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{320} << 10;
// Fewer channels than these, side by side, are no lanes.
constexpr std::int64_t fewest_lanes = 64;

// The axis that may be halved next, or -1.
int next_axis(const Case& c, const Dims& sizes) {
  const std::string_view technique = c.problem().technique->name;
  if (technique == "spectral_norm") return sizes[0] < sizes[1] ? 1 : 0;
  const bool side_by_side = sizes.size() == 2 || c.problem().strides[1] == 1;
  if (technique == "batch_norm" && sizes[1] > (side_by_side ? fewest_lanes : 1)) return 1;
  if (sizes[0] > 1) return 0;
  for (int axis = 2; axis < sizes.size(); ++axis)
    if (sizes[axis] > 1) return axis;
  return -1;
}

}  // namespace

InCache in_cache(const Case& c) {
  const Dims& whole = c.problem().sizes;
  const auto an_element = static_cast<std::int64_t>(c.bytes_in() + c.bytes_out()) / whole.product();
  Dims sizes = whole;
  for (int axis = 0; sizes.product() * an_element > most_bytes;) {
    axis = next_axis(c, sizes);
    if (axis < 0) break;
    sizes[axis] /= 2;
  }
  InCache cut{c.name(), static_cast<double>(whole.product()) / static_cast<double>(sizes.product())};
  const std::string shape = ":" + whole.str();
  cut.problem.replace(cut.problem.find(shape), shape.size(), ":" + sizes.str());
  return cut;
}

}  // namespace poise::bench
