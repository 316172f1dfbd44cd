// Batch renormalization. Ioffe 2017, arXiv:1702.03275.
//
//     y = gamma_c * ((x - mean_c) * rstd_c * r_c + d_c) + beta_c
//
// x, y: any shape with the channel axes   gamma, beta, running statistics (channels)   kept: mean, rstd, r, d
// A cell is a channel of all samples; r and d pull it towards the running statistics and are constants for the
// gradient.

#include <poise/batch_renorm.h>

#include <fmt/format.h>

#include "techniques/batch_renorm.h"

namespace poise {
namespace {

// The channels' shape.
Dims begin(Call& call, const BatchRenormOptions& o, const BatchRenormResults& r) {
  const Dims axes = call.axes("channel_axes", o.channel_axes), channels = call.sizes_of(axes);
  call.keep(axes);
  call.eps(o.eps);
  if (!(o.r_max >= 1)) call.fail(Code::usage, "r_max", "a number of at least 1", fmt::format("{}", o.r_max));
  if (!(o.d_max >= 0)) call.fail(Code::usage, "d_max", "a number of at least 0", fmt::format("{}", o.d_max));
  check_running(call, o, r, channels);
  if (!o.running_mean.present() || !o.running_var.present()) {
    call.fail(Code::usage, "running_mean, running_var", "both", "none");
  }
  if (call.elements_a_cell() == 1 && !call.empty()) call.fail(Code::shape, "x", "more than one value per channel", "1");
  return axes;
}

}  // namespace

void batch_renorm(TensorView y, ConstTensorView x, const BatchRenormOptions& o, const BatchRenormResults& r,
                  Context& context) {
  Call call("batch_renorm", y, x, context);
  const Dims axes = begin(call, o, r), channels = call.sizes_of(axes);
  call.affine(o.gamma, o.beta, axes);
  check_saved(call, r, channels);
  call.result("scale", r.scale, channels, DType::f64, {r.shift, r.mean, r.rstd});
  call.result("shift", r.shift, channels, DType::f64, {r.scale, r.mean, r.rstd});
  const Renormalize merge(o, r);
  call.job().statistic = Statistic::moments;
  call.job().merge = &merge;
  execute(call.job(), context);
  if (call.empty() && !context.explain_only) merge.keep_running();
}

void batch_renorm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                           const BatchRenormResults& saved, const BatchRenormOptions& o, Context& context) {
  Call call("batch_renorm", gradients.dx, dy, x, context);
  const Dims axes = begin(call, o, BatchRenormResults{}), channels = call.sizes_of(axes);
  call.affine_gradients(o.gamma, gradients, axes);
  check_saved_operand(call, "scale", saved.scale, channels);
  check_saved_operand(call, "shift", saved.shift, channels);
  const Saved s = saved_or_measured(call, {saved.mean, saved.rstd}, channels, deviation_of(o));
  run_backward(call, Statistic::moments, RenormDerivative(o, s, saved));
}

}  // namespace poise
