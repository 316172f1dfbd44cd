// Local response norm as others mean it, and as parameters say it.

#include "techniques/local_response.h"

#include <poise/error.h>

#include <string>

namespace poise {
namespace {

struct Named {
  std::string_view name;
  LocalResponseNormOptions options;
};

// size is each framework's default, or where it has none the paper's.
constexpr std::string_view names[] = {"alexnet", "torch", "onnx", "tf", "caffe"};
const Named table[] = {
    {names[0], {.size = 5, .alpha = 1e-4, .alpha_scaled = false, .exponent = 0.75, .k = 2}},
    {names[1], {.size = 5, .extra_tap = ExtraTap::before, .alpha = 1e-4, .exponent = 0.75, .k = 1}},
    {names[2], {.size = 5, .extra_tap = ExtraTap::after, .alpha = 1e-4, .exponent = 0.75, .k = 1}},
    {names[3], {.size = 11, .alpha = 1, .alpha_scaled = false, .exponent = 0.5, .k = 1}},
    {names[4], {.size = 5, .alpha = 1, .exponent = 0.75, .k = 1}},
};

}  // namespace

std::span<const std::string_view> local_response_norm_presets() noexcept { return names; }

LocalResponseNormOptions local_response_norm_preset(std::string_view name) {
  std::string all;
  for (const Named& named : table) {
    if (named.name == name) return named.options;
    all += (all.empty() ? "" : ", ") + std::string(named.name);
  }
  throw Error(Code::usage,
              "[local_response_norm] preset: expected one of " + all + ", got \"" + std::string(name) + "\"");
}

LocalResponseNormOptions local_response_options(const Parameters& p) {
  LocalResponseNormOptions o = p.preset.empty() ? LocalResponseNormOptions{} : local_response_norm_preset(p.preset);
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  o.region = p.region;
  o.size = p.size.value_or(o.size);
  o.extra_tap = p.extra_tap.value_or(o.extra_tap);
  o.alpha = p.alpha.value_or(o.alpha);
  o.alpha_scaled = p.alpha_scaled.value_or(o.alpha_scaled);
  o.exponent = p.exponent.value_or(o.exponent);
  o.k = p.k.value_or(o.k);
  return o;
}

}  // namespace poise
