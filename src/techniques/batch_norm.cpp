// Batch normalization. Ioffe, Szegedy 2015, arXiv:1502.03167.
//
//     y = gamma_c * (x - mean_c) * r(var_c) + beta_c
//
// x, y: any shape with the channel axes   gamma, beta, running statistics (channels)   kept for backward: mean, rstd
// A cell is a channel of all samples; evaluation and frozen take it from the running statistics.

#include <poise/batch_norm.h>

#include "techniques/affine.h"
#include "techniques/batch_merge.h"
#include "techniques/one_value.h"
#include "techniques/second_backward.h"

namespace poise {
namespace {

// A backward call's cells: the channels, which must have more than one value where they are measured.
Dims begin(Call& call, const BatchNormOptions& o, const Dims& axes) {
  const Dims channels = call.sizes_of(axes);
  call.keep(axes);
  call.eps(o.eps);
  check_running(call, o, BatchNormResults{}, channels);
  if (measures(o)) check_one_value(call, o.one_value, "more than one value per channel");
  return channels;
}

}  // namespace

void batch_norm(TensorView y, ConstTensorView x, const BatchNormOptions& o, const BatchNormResults& r,
                Context& context) {
  Call call("batch_norm", y, x, context);
  const Dims axes = call.axes("channel_axes", o.channel_axes);
  call.keep(axes);
  take_affine(call, o, axes);
  check_batch(call, o, r, call.sizes_of(axes));
  Job& job = call.job();
  if (!measures(o)) {
    const FromRunning running = from_running(call, o);
    refuse_results(call, r, "none in evaluation and frozen");
    job.merge = &running;
    execute(job, context);
    return call.tell_skipped(r.non_finite);
  }
  check_one_value(call, o.one_value, "more than one value per channel");
  const BatchMerge batch(o, r);
  job.statistic = Statistic::moments;
  job.merge = &batch;
  execute(job, context);
  call.tell_skipped(r.non_finite);
  if (call.empty() && !context.explain_only) batch.keep_running();
}

void batch_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                         const BatchNormResults& saved, const BatchNormOptions& o, Context& context) {
  Call call("batch_norm", gradients.dx, dy, x, context);
  const Dims axes = call.axes("channel_axes", o.channel_axes);
  take_affine(call, o, gradients, axes);
  const Dims channels = begin(call, o, axes);
  if (!measures(o)) return constant_backward(call, from_running(call, o));
  normalize_backward(call, {saved.mean, saved.rstd}, channels, deviation_of(o));
}

void batch_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands, ConstTensorView dy,
                                ConstTensorView x, const BatchNormResults& saved, const BatchNormOptions& o,
                                Context& context) {
  Call call("batch_norm", {}, dy, x, context);
  const Dims axes = call.axes("channel_axes", o.channel_axes);
  take_affine(call, o, Gradients{}, axes);
  SecondJob job = prepare_second(call, {gradients, operands}, gamma_axes_of(call, o, axes));
  const Dims channels = begin(call, o, axes);
  if (!measures(o)) {
    const FromRunning running = from_running(call, o);
    return run_second_backward(call, job, {gradients, operands}, {}, deviation_of(o), &running);
  }
  const Saved s = saved_or_measured(call, {saved.mean, saved.rstd}, channels, deviation_of(o));
  run_second_backward(call, job, {gradients, operands}, s, deviation_of(o), nullptr);
}

}  // namespace poise
