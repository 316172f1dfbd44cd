// Standardization of input data.
//
//     y = (x - mean) * r(var)
//
// x, y: (N, C, ...)   mean, std: given, or measured over what shares them   kept for the inverse: center, scale
// A cell is a channel of the data set, of one image, or one pixel of all images.

#include <poise/zscore.h>

#include "schedule/execute.h"
#include "techniques/scaling.h"

namespace poise {
namespace {

class ZscoreMerge final : public ScalingMerge {
 public:
  ZscoreMerge(const ZscoreOptions& o, const ScalingResults& results) noexcept
      : ScalingMerge(results, 0), deviation_{o.eps, o.eps_place, o.divisor}, mean_(o.mean), std_(o.std) {}

  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    if (!mean_.present()) return scaled(cell, m.mean, m.mean_lo, deviation_.reciprocal(m));
    const double std = std_.get(cell);
    return scaled(cell, mean_.get(cell), 0, reciprocal_deviation(std * std, deviation_.eps, deviation_.place));
  }

 private:
  Deviation deviation_;
  Values mean_, std_;
};

}  // namespace

void zscore(TensorView y, ConstTensorView x, const ZscoreOptions& o, const ScalingResults& results, Context& context) {
  Call call("zscore", y, x, context);
  const Dims kept = begin_scaling(call, o.per, o.channel_axis, results);
  call.eps(o.eps);
  const bool given = given_pair(call, "mean", o.mean, "std", o.std, kept);
  const Values std(o.std);
  for (std::int64_t i = 0; given && i < kept.product(); ++i)
    if (!(std.get(i) > 0)) call.fail(Code::usage, "std", "positive numbers", "0, a negative number or NaN");
  if (!given && o.divisor == Divisor::sample && call.elements_a_cell() == 1 && !call.empty()) {
    call.fail(Code::shape, "divisor", "population where a cell has one value", "sample");
  }
  const ZscoreMerge merge(o, results);
  Job& job = call.job();
  job.statistic = given ? Statistic::none : Statistic::moments;
  job.merge = &merge;
  execute(job, context);
}

namespace {

ZscoreOptions options_of(const Parameters& p) {
  return {.per = p.per,
          .channel_axis = channel_axis_of(p),
          .mean = p.mean,
          .std = p.std,
          .eps = p.eps >= 0 ? p.eps : 0,
          .eps_place = p.eps_place,
          .divisor = p.divisor};
}

constexpr const Parameter* parameters[] = {&describe::per, &describe::channel_axis, &describe::mean,   &describe::std,
                                           &describe::eps, &describe::eps_place,    &describe::divisor};
constexpr const char* results_kept[] = {"center", "scale"};

}  // namespace

extern const Technique zscore_technique;  // the table names it
const Technique zscore_technique = {
    .name = "zscore",
    .title = "Z-score standardization",
    .formula = "y = (x - mean) * r(var)",
    .paper = "",
    .cell = "a channel of the data set, of one image, or one pixel of all images",
    .use = "input data: mean 0 and deviation 1, by the training set's statistics",
    .beware = "statistics of the training split only; a constant cell gets scale 1",
    .parameters = parameters,
    .results = results_kept,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return scaling_shape("zscore", operand, "mean std center scale", x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          zscore(y, x, options_of(p), {r.center, r.scale}, context);
        }};

}  // namespace poise
