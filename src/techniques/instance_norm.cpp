// Instance normalization. Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022.
//
//     y = gamma_c * (x - mean_nc) * r(var_nc) + beta_c
//
// x, y: (N, C, ...)   gamma, beta, running statistics (C)   kept for backward: mean, rstd (N, C)
// A cell is one channel of one sample, or of that the elements of one label.

#include <poise/instance_norm.h>

#include "techniques/affine.h"
#include "techniques/instance_merge.h"
#include "techniques/one_value.h"
#include "techniques/second_backward.h"

namespace poise {
namespace {

// A backward call's cells: the channels where running statistics normalize, else those of each sample.
Dims begin(Call& call, const InstanceNormOptions& o, const Dims& axes) {
  call.eps(o.eps);
  check_running(call, o, InstanceNormResults{}, call.sizes_of({axes[1]}));
  const bool constant = evaluates(call, o);
  call.keep(constant ? Dims{axes[1]} : axes);
  if (!constant) check_one_value(call, o.one_value, "more than one value per sample and channel");
  return call.sizes_of(axes);
}

}  // namespace

void instance_norm(TensorView y, ConstTensorView x, const InstanceNormOptions& o, const InstanceNormResults& r,
                   Context& context) {
  Call call("instance_norm", y, x, context);
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  const Dims channel = {axes[1]}, cells = call.sizes_of(axes);
  take_affine(call, o, channel);
  call.eps(o.eps);
  check_running(call, o, r, call.sizes_of(channel));
  if (o.labels.present()) {
    refuse_running(call, o, r);
    call.keep(axes);
    check_label_count(call, o.label_count);
    check_saved(call, r, with_labels(cells, o.label_count));
    return normalize_segments(call, segment_options(o), cells, {r.mean, r.rstd});
  }
  check_saved(call, r, cells);
  if (evaluates(call, o)) {
    refuse_results(call, r, "none in evaluation with running statistics");
    call.keep(channel);
    const FromRunning merge(o.running_mean, o.running_var, deviation_of(o));
    call.job().merge = &merge;
    execute(call.job(), context);
    return call.tell_skipped(r.non_finite);
  }
  call.keep(axes);
  check_one_value(call, o.one_value, "more than one value per sample and channel");
  const Running running(o.running_mean, o.running_var, r.running_mean, r.running_var, o.momentum);
  double* kept = running.wanted() ? call.memory(2 * cells.product()) : nullptr;
  const InstanceMerge merge(o, r, kept);
  call.job().statistic = Statistic::moments;
  call.job().merge = &merge;
  execute(call.job(), context);
  call.tell_skipped(r.non_finite);
  if (!running.wanted() || context.explain_only) return;
  call.empty() ? running.keep() : running.update_by_average(kept, cells[0]);
}

void instance_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                            const InstanceNormResults& saved, const InstanceNormOptions& o, Context& context) {
  Call call("instance_norm", gradients.dx, dy, x, context);
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  take_affine(call, o, gradients, {axes[1]});
  if (o.labels.present()) {
    refuse_running(call, o, {});
    call.eps(o.eps);
    call.keep(axes);
    return normalize_segments_backward(call, segment_options(o), call.sizes_of(axes), {saved.mean, saved.rstd});
  }
  const Dims cells = begin(call, o, axes);
  if (evaluates(call, o)) return constant_backward(call, FromRunning{o.running_mean, o.running_var, deviation_of(o)});
  normalize_backward(call, {saved.mean, saved.rstd}, cells, deviation_of(o));
}

void instance_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands, ConstTensorView dy,
                                   ConstTensorView x, const InstanceNormResults& saved, const InstanceNormOptions& o,
                                   Context& context) {
  Call call("instance_norm", {}, dy, x, context);
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  if (o.labels.present()) call.fail(Code::usage, "labels", "none in a second backward pass", "one");
  take_affine(call, o, Gradients{}, {axes[1]});
  const SecondJob job = prepare_second(call, {gradients, operands}, gamma_axes_of(call, o, {axes[1]}));
  const Dims cells = begin(call, o, axes);
  if (evaluates(call, o)) {
    const FromRunning running(o.running_mean, o.running_var, deviation_of(o));
    return run_second_backward(call, job, {gradients, operands}, {}, deviation_of(o), &running);
  }
  run_second_backward(call, job, {gradients, operands},
                      saved_or_measured(call, {saved.mean, saved.rstd}, cells, deviation_of(o)), deviation_of(o),
                      nullptr);
}

}  // namespace poise
