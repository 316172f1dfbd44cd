// Scaling of input data to [-1, 1].
//
//     y = (x - center) * 2 / (max - min)      center = (min + max) / 2
//
// x, y: (N, C, ...)   min, max: given, or measured over what shares them   kept for the inverse: center, scale
// A cell is a channel of the data set, of one image, or one pixel of all images.

#include <poise/symmetric.h>

#include "techniques/range_scaling.h"

namespace poise {
namespace {

class SymmetricMerge final : public RangeScaling {
 public:
  SymmetricMerge(const SymmetricOptions& o, const ScalingResults& results) noexcept
      : RangeScaling(o.min, o.max, results, 0) {}

  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    const double least = low(cell, m), most = high(cell, m);
    // The middle as hi + lo: the sum of the two ends is exact in two doubles (Knuth's two-sum), and so is its half.
    const double sum = least + most, part = sum - least;
    const double rest = (least - (sum - part)) + (most - part);
    const double half = (most - least) / 2;
    return scaled(cell, sum / 2, rest / 2, half == 0 ? 0 : 1 / half);
  }
};

}  // namespace

void symmetric(TensorView y, ConstTensorView x, const SymmetricOptions& o, const ScalingResults& results,
               Context& context) {
  Call call("symmetric", y, x, context);
  const SymmetricMerge merge(o, results);
  run_range_scaling(call, o, results, merge);
}

namespace {

SymmetricOptions options_of(const Parameters& p) {
  return {.per = p.per, .channel_axis = channel_axis_of(p), .min = p.min, .max = p.max};
}

constexpr const Parameter* parameters[] = {&describe::per, &describe::channel_axis, &describe::min, &describe::max};
constexpr const char* results_kept[] = {"center", "scale"};

}  // namespace

extern const Technique symmetric_technique;  // the table names it
const Technique symmetric_technique = {
    .name = "symmetric",
    .title = "Scaling to [-1, 1]",
    .formula = "y = (x - (min + max) / 2) * 2 / (max - min)",
    .paper = "",
    .cell = "a channel of the data set, of one image, or one pixel of all images",
    .use = "inputs of generators and of networks with odd activations",
    .beware = "one outlier sets the range; the mean is not at zero",
    .parameters = parameters,
    .results = results_kept,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return scaling_shape("symmetric", operand, "min max center scale", x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          symmetric(y, x, options_of(p), {r.center, r.scale}, context);
        }};

}  // namespace poise
