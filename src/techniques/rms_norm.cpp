// Root mean square layer normalization. Zhang, Sennrich 2019, arXiv:1910.07467.
//
//     y = gamma * x * r(q) + beta      q = mean of x^2
//
// x, y: any shape   gamma, beta (gamma axes)   kept for backward: rstd (kept axes)
// A cell is a row: all indices of the reduced axes.

#include <poise/rms_norm.h>

#include "techniques/affine.h"
#include "techniques/rms.h"
#include "techniques/row_axes.h"

namespace poise {
namespace {

Deviation deviation_of(const RmsNormOptions& o) noexcept { return {o.eps, o.eps_place, Divisor::population}; }

}  // namespace

void rms_norm(TensorView y, ConstTensorView x, const RmsNormOptions& o, const RmsNormResults& r, Context& context) {
  Call call("rms_norm", y, x, context);
  const RowAxes axes = row_axes(call, o.axes, o.gamma_axes);
  call.keep(axes.kept);
  take_affine(call, o, axes.gamma);
  call.eps(o.eps);
  call.result("rstd", r.rstd, call.sizes_of(axes.kept), DType::f64);
  const RmsMerge merge(deviation_of(o), r.rstd);
  Job& job = call.job();
  job.statistic = Statistic::power;
  job.samples_are_cells = true;
  job.merge = &merge;
  execute(job, context);
  call.tell_skipped(r.non_finite);
}

void rms_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x, const RmsNormResults& saved,
                       const RmsNormOptions& o, Context& context) {
  Call call("rms_norm", gradients.dx, dy, x, context);
  const RowAxes axes = row_axes(call, o.axes, o.gamma_axes);
  call.keep(axes.kept);
  take_affine(call, o, gradients, axes.gamma);
  call.eps(o.eps);
  const Dims rows = call.sizes_of(axes.kept);
  call.job().samples_are_cells = true;
  const TensorView rstd = rms_of(call, saved.rstd, rows, deviation_of(o));
  run_backward(call, Statistic::power, NormalizeDerivative(deviation_of(o), {}, rstd));
}

namespace {

RmsNormOptions options_of(const Parameters& p) {
  RmsNormOptions o{.gamma_axes = p.gamma_axes,
                   .gamma = p.gamma,
                   .beta = p.beta,
                   .gamma_offset = p.gamma_offset,
                   .mask = mask_of(p),
                   .epilogue = epilogue_of(p),
                   .eps_place = p.eps_place};
  o.non_finite = p.non_finite;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.axes.empty()) o.axes = p.axes;
  return o;
}

constexpr const Parameter* parameters[] = {
    &describe::gamma,      &describe::beta,         &describe::eps,   &describe::eps_place, &describe::axes,
    &describe::gamma_axes, &describe::gamma_offset, &describe::mask,  &describe::lengths,   &describe::length_axis,
    &describe::non_finite, &describe::activation,   &describe::slope, &describe::residual,  &describe::residual_after,
    &describe::y,          &describe::masked};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};
constexpr const char* results[] = {"rstd"};

}  // namespace

extern const Technique rms_norm_technique;  // the table names it
const Technique rms_norm_technique = {
    .name = "rms_norm",
    .title = "Root mean square normalization",
    .formula = "y = gamma * x * r(mean of x^2) + beta",
    .paper = "Zhang, Sennrich 2019, arXiv:1910.07467",
    .cell = "a row: all indices of the reduced axes",
    .use = "large transformers: layer norm without its mean",
    .beware = "frameworks differ in eps and in when they round; x is not centered",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const RmsNormOptions o = options_of(p);
          return row_shape("rms_norm", operand == "mean" ? "" : operand, x, o.axes, o.gamma_axes);
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          rms_norm(y, x, options_of(p), {r.rstd, r.non_finite}, context);
        },
    .gradients = gradients,
    .run_backward = [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
                       Context& context) { rms_norm_backward(g, dy, x, {s.rstd}, options_of(p), context); }};

}  // namespace poise
