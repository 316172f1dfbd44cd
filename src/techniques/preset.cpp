// Published mean and std of a data set, applied.
//
//     y = (x / full - mean_c) / std_c      full is 255 for u8 and 1 for floating x
//
// x, y: (N, C, ...)   kept for the inverse: center, scale (C)
// A cell is a channel; nothing is measured.

#include <poise/preset.h>

#include <fmt/format.h>

#include "schedule/execute.h"
#include "techniques/scaling.h"

namespace poise {
namespace {

constexpr const char* per_image = "mean of per-image std, not the std of the pixels";
constexpr const char* pixels = "std of all pixels";
constexpr const char* range = "maps a range, not a statistic";

constexpr Preset table[] = {
    {"imagenet", 3, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, per_image, "torchvision, of a subset of ImageNet"},
    {"cifar10", 3, {0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}, pixels, "CIFAR-10 training images"},
    {"cifar10-historic",
     3,
     {0.4914, 0.4822, 0.4465},
     {0.2023, 0.1994, 0.2010},
     per_image,
     "widely copied, of CIFAR-10"},
    {"mnist", 1, {0.1307, 0, 0}, {0.3081, 0, 0}, pixels, "MNIST training images"},
    {"fashion-mnist", 1, {0.2860405970, 0, 0}, {0.3530242445, 0, 0}, pixels, "Fashion-MNIST training images"},
    {"clip",
     3,
     {0.48145466, 0.4578275, 0.40821073},
     {0.26862954, 0.26130258, 0.27577711},
     "published with the model, estimator not said",
     "CLIP, arXiv:2103.00020"},
    {"half", 1, {0.5, 0, 0}, {0.5, 0, 0}, range, "[0, 1] to [-1, 1]"},
    {"01", 1, {0, 0, 0}, {1, 0, 0}, range, "[0, 1] as it is"},
};

class PresetMerge final : public ScalingMerge {
 public:
  PresetMerge(const Preset& preset, double full, const ScalingResults& results) noexcept
      : ScalingMerge(results, 0), preset_(preset), full_(full) {}
  CellAffine operator()(std::int64_t channel, const Measured&) const noexcept override {
    const auto c = static_cast<std::size_t>(preset_.channels == 1 ? 0 : channel);
    return scaled(channel, preset_.mean[c] * full_, 0, 1 / (preset_.std[c] * full_));
  }

 private:
  const Preset& preset_;
  double full_;
};

}  // namespace

std::span<const Preset> presets() noexcept { return table; }

const Preset& preset_named(std::string_view name) {
  for (const Preset& preset : table)
    if (preset.name == name) return preset;
  std::string names;
  for (const Preset& preset : table) names += (names.empty() ? "" : ", ") + std::string(preset.name);
  throw Error(Code::usage, fmt::format("[preset] preset: expected one of {}, got \"{}\"", names, name));
}

void preset(TensorView y, ConstTensorView x, const PresetOptions& o, const ScalingResults& results, Context& context) {
  Call call("preset", y, x, context);
  const Preset& constants = preset_named(o.name);
  const std::int64_t channels = begin_scaling(call, Per::data_set, o.channel_axis, results).product();
  if (constants.channels != 1 && constants.channels != channels) {
    call.fail(Code::shape, "x", fmt::format("{} channels for {}", constants.channels, o.name),
              fmt::format("{}", channels));
  }
  const PresetMerge merge(constants, x.dtype() == DType::u8 ? 255 : 1, results);
  call.job().merge = &merge;
  execute(call.job(), context);
}

namespace {

constexpr const Parameter* parameters[] = {&describe::preset, &describe::channel_axis};
constexpr const char* results_kept[] = {"center", "scale"};

}  // namespace

extern const Technique preset_technique;  // the table names it
const Technique preset_technique = {
    .name = "preset",
    .title = "Published mean and std",
    .formula = "y = (x / full - mean_c) / std_c, full = 255 for u8, 1 for floating x",
    .paper = "",
    .cell = "a channel; nothing is measured",
    .use = "inputs of a network that was trained with these constants",
    .beware = "many published deviations are averages of per-image ones; see each preset's estimator",
    .parameters = parameters,
    .results = results_kept,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return scaling_shape("preset", operand, "center scale", x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          preset(y, x, {p.preset.empty() ? "half" : std::string_view(p.preset), channel_axis_of(p)},
                 {r.center, r.scale}, context);
        }};

}  // namespace poise
