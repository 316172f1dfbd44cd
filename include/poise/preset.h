#pragma once

#include <span>
#include <string_view>

#include <poise/scaling.h>

namespace poise {

// Published constants of pixels in [0, 1], with what they really are.
struct Preset {
  const char* name;
  int channels;
  double mean[3], std[3];
  const char* estimator;  // how the std was obtained
  const char* source;
};

POISE_API std::span<const Preset> presets() noexcept;
// Throws Error{usage} listing the names.
POISE_API const Preset& preset_named(std::string_view name);

struct PresetOptions {
  std::string_view name = "half";
  int channel_axis = 1;  // -1: none; then the preset must have one channel
};

// Published mean and std of a data set, applied.
//     y = (x / full - mean_c) / std_c      full is 255 for u8 and 1 for floating x
// A preset of one channel serves any number of channels; one of three serves three.
// Errors: unknown name, channels that do not match.
POISE_API void preset(TensorView y, ConstTensorView x, const PresetOptions& options = {},
                      const ScalingResults& results = {}, Context& context = default_context());

}  // namespace poise
