#include "in_cache.h"

#include <string_view>

#include "techniques/problem.h"

namespace poise::bench {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{320} << 10;
// Fewer channels than these, side by side, are no lanes.
constexpr std::int64_t fewest_lanes = 64;

// The axis that may be halved next, or -1.
int next_axis(const std::string& problem, std::string_view technique, const Dims& sizes) {
  if (technique == "spectral_norm") return sizes[0] < sizes[1] ? 1 : 0;
  const bool side_by_side = sizes.size() == 2 || problem.find("@nhwc") != std::string::npos;
  if (technique == "batch_norm" && sizes[1] > (side_by_side ? fewest_lanes : 1)) return 1;
  if (sizes[0] > 1) return 0;
  for (int axis = 2; axis < sizes.size(); ++axis)
    if (sizes[axis] > 1) return axis;
  return -1;
}

}  // namespace

InCache in_cache(const std::string& problem) {
  constexpr std::string_view backward = "backward ";
  const bool is_backward = problem.starts_with(backward);
  const Problem p = problem_from(std::string_view(problem).substr(is_backward ? backward.size() : 0));
  const auto an_element = static_cast<std::int64_t>((is_backward ? 2 : 1) * size_of(p.x) + size_of(p.y));
  Dims sizes = p.sizes;
  for (int axis = 0; sizes.product() * an_element > most_bytes;) {
    axis = next_axis(problem, p.technique->name, sizes);
    if (axis < 0) break;
    sizes[axis] /= 2;
  }
  InCache cut{problem, static_cast<double>(p.sizes.product()) / static_cast<double>(sizes.product())};
  const std::string whole = ":" + p.sizes.str();
  cut.problem.replace(cut.problem.find(whole), whole.size(), ":" + sizes.str());
  return cut;
}

}  // namespace poise::bench
