// Min-max scaling of input data.
//
//     y = (x - min) * (high - low) / (max - min) + low
//
// x, y: (N, C, ...)   min, max: given, or measured over what shares them   kept for the inverse: center (min), scale
// A cell is a channel of the data set, of one image, or one pixel of all images.

#include <poise/minmax.h>

#include <fmt/format.h>

#include "techniques/range_scaling.h"

namespace poise {
namespace {

class MinmaxMerge final : public RangeScaling {
 public:
  MinmaxMerge(const MinmaxOptions& o, const ScalingResults& results) noexcept
      : RangeScaling(o.min, o.max, results, o.low), width_(o.high - o.low) {}

  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    const double least = low(cell, m), range = high(cell, m) - least;
    return scaled(cell, least, 0, range == 0 ? 0 : width_ / range);
  }

 private:
  double width_;
};

}  // namespace

void minmax(TensorView y, ConstTensorView x, const MinmaxOptions& o, const ScalingResults& results, Context& context) {
  Call call("minmax", y, x, context);
  if (!(o.low < o.high) || o.high - o.low > 1e300) {
    call.fail(Code::usage, "low, high", "finite numbers with low < high", fmt::format("{}, {}", o.low, o.high));
  }
  const MinmaxMerge merge(o, results);
  run_range_scaling(call, o, results, merge);
}

namespace {

MinmaxOptions options_of(const Parameters& p) {
  return {.per = p.per, .channel_axis = channel_axis_of(p), .min = p.min, .max = p.max, .low = p.low, .high = p.high};
}

constexpr const Parameter* parameters[] = {&describe::per, &describe::channel_axis, &describe::min,
                                           &describe::max, &describe::low,          &describe::high};
constexpr const char* results_kept[] = {"center", "scale"};

}  // namespace

extern const Technique minmax_technique;  // the table names it
const Technique minmax_technique = {
    .name = "minmax",
    .title = "Min-max scaling",
    .formula = "y = (x - min) * (high - low) / (max - min) + low",
    .paper = "",
    .cell = "a channel of the data set, of one image, or one pixel of all images",
    .use = "input data of a known range, images to [0, 1]",
    .beware = "one outlier sets the range; new data may leave it",
    .parameters = parameters,
    .results = results_kept,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return scaling_shape("minmax", operand, "min max center scale", x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          minmax(y, x, options_of(p), {r.center, r.scale}, context);
        }};

}  // namespace poise
