// Group normalization. Wu, He 2018, arXiv:1803.08494.
//
//     y = gamma_c * (x - mean_ng) * r(var_ng) + beta_c
//
// x, y: (N, C, ...)   gamma, beta (C)   kept for backward: mean, rstd (N, groups)
// A cell is one sample's group of C/groups channels; a unit is one channel of it.

#include <poise/group_norm.h>

#include <fmt/format.h>

#include "techniques/affine.h"
#include "techniques/one_value.h"
#include "techniques/second_backward.h"

namespace poise {
namespace {

Deviation deviation_of(const GroupNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

// The channel axis becomes two dims: which group (cells), and which channel of it (units of the cell).
void split_channels(Partition& partition, int channel_axis, std::int64_t groups) noexcept {
  Dim& group = partition.dims()[static_cast<std::size_t>(channel_axis)];
  Dim channel = group;
  channel.size = group.size / groups;
  channel.role = Role::merged;
  static_cast<Offsets&>(group) = channel.size * group;
  group.size = groups;
  group.role = Role::cell;
  group.cell = 1;
  partition.add(channel);
}

// The shape of the cells, once gamma and beta are known to run along the channels.
Dims begin_groups(Call& call, const GroupNormOptions& o, const Dims& axes) {
  call.eps(o.eps);
  call.job().change_partitions([&](Partition& partition) {
    Dim& sample = partition.dims()[0];
    sample.role = Role::cell;
    sample.cell = o.groups;
    split_channels(partition, static_cast<int>(axes[1]), o.groups);
  });
  check_one_value(call, o.one_value, "more than one value per group");
  return {call.size(0), o.groups};
}

Dims group_axes(const Call& call, const GroupNormOptions& o) {
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  const std::int64_t channels = call.size(static_cast<int>(axes[1]));
  if (o.groups < 1 || o.groups > channels || channels % o.groups != 0) {
    call.fail(Code::shape, "groups", fmt::format("a divisor of {} channels", channels), fmt::format("{}", o.groups));
  }
  return axes;
}

}  // namespace

void group_norm(TensorView y, ConstTensorView x, const GroupNormOptions& o, const GroupNormResults& r,
                Context& context) {
  Call call("group_norm", y, x, context);
  const Dims axes = group_axes(call, o);
  take_affine(call, o, {axes[1]});
  check_saved(call, r, {call.size(0), o.groups});
  begin_groups(call, o, axes);
  const Normalize merge(deviation_of(o), r.mean, r.rstd);
  Job& job = call.job();
  job.statistic = Statistic::moments;
  job.merge = &merge;
  execute(job, context);
  call.tell_skipped(r.non_finite);
}

void group_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                         const GroupNormResults& saved, const GroupNormOptions& o, Context& context) {
  Call call("group_norm", gradients.dx, dy, x, context);
  const Dims axes = group_axes(call, o);
  take_affine(call, o, gradients, {axes[1]});
  const Dims cells = begin_groups(call, o, axes);
  normalize_backward(call, {saved.mean, saved.rstd}, cells, deviation_of(o));
}

void group_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands, ConstTensorView dy,
                                ConstTensorView x, const GroupNormResults& saved, const GroupNormOptions& o,
                                Context& context) {
  Call call("group_norm", {}, dy, x, context);
  const Dims axes = group_axes(call, o);
  take_affine(call, o, Gradients{}, {axes[1]});
  const SecondJob job = prepare_second(call, {gradients, operands}, gamma_axes_of(call, o, {axes[1]}));
  const Dims cells = begin_groups(call, o, axes);
  const Saved s = saved_or_measured(call, {saved.mean, saved.rstd}, cells, deviation_of(o));
  run_second_backward(call, job, {gradients, operands}, s, deviation_of(o), nullptr);
}

}  // namespace poise
