// Layer normalization. Ba, Kiros, Hinton 2016, arXiv:1607.06450.
//
//     y = gamma * (x - mean) * r(var) + beta
//
// x, y: any shape   gamma, beta (gamma axes)   kept for backward: mean, rstd (kept axes)
// A cell is a row: all indices of the reduced axes. gamma's axes need not be the reduced ones.

#include <poise/layer_norm.h>

#include "techniques/affine.h"
#include "techniques/one_value.h"
#include "techniques/row_axes.h"
#include "techniques/second_backward.h"

namespace poise {
namespace {

Deviation deviation_of(const LayerNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

void check(Call& call, const LayerNormOptions& o) {
  call.eps(o.eps);
  call.job().samples_are_cells = true;
  if (o.divisor == Divisor::sample && !call.empty() && fewest_values(call) == 1) {
    call.fail(Code::shape, "divisor", "population where a row has one value", "sample");
  }
}

}  // namespace

void layer_norm(TensorView y, ConstTensorView x, const LayerNormOptions& o, const LayerNormResults& r,
                Context& context) {
  Call call("layer_norm", y, x, context);
  const RowAxes axes = row_axes(call, o.axes, o.gamma_axes);
  call.keep(axes.kept);
  take_affine(call, o, axes.gamma);
  check_saved(call, r, call.sizes_of(axes.kept));
  check(call, o);
  const Normalize merge(deviation_of(o), r.mean, r.rstd);
  call.job().statistic = Statistic::moments;
  call.job().merge = &merge;
  execute(call.job(), context);
  call.tell_skipped(r.non_finite);
}

void layer_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                         const LayerNormResults& saved, const LayerNormOptions& o, Context& context) {
  Call call("layer_norm", gradients.dx, dy, x, context);
  const RowAxes axes = row_axes(call, o.axes, o.gamma_axes);
  call.keep(axes.kept);
  take_affine(call, o, gradients, axes.gamma);
  check(call, o);
  normalize_backward(call, {saved.mean, saved.rstd}, call.sizes_of(axes.kept), deviation_of(o));
}

void layer_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands, ConstTensorView dy,
                                ConstTensorView x, const LayerNormResults& saved, const LayerNormOptions& o,
                                Context& context) {
  Call call("layer_norm", {}, dy, x, context);
  const RowAxes axes = row_axes(call, o.axes, o.gamma_axes);
  take_affine(call, o, Gradients{}, axes.gamma);
  const SecondJob job = prepare_second(call, {gradients, operands}, axes.gamma);
  call.keep(axes.kept);
  check(call, o);
  const Saved s = saved_or_measured(call, {saved.mean, saved.rstd}, call.sizes_of(axes.kept), deviation_of(o));
  run_second_backward(call, job, {gradients, operands}, s, deviation_of(o), nullptr);
}

}  // namespace poise
