// Ghost batch normalization. Hoffer, Hubara, Soudry 2017, arXiv:1705.08741.
//
//     y = gamma_c * (x - mean_gc) * r(var_gc) + beta_c
//
// x, y: (N, C, ...)   gamma, beta, running statistics (C)   kept for backward: mean, rstd (N/ghost_size, C)
// A cell is a channel of ghost_size consecutive samples.

#include <poise/ghost_batch_norm.h>

#include <fmt/format.h>

#include "techniques/backward.h"
#include "techniques/running.h"

namespace poise {
namespace {

Deviation deviation_of(const GhostBatchNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

// Keeps every ghost batch's mean and variance, for the running statistics.
class GhostMerge final : public Merge {
 public:
  GhostMerge(const GhostBatchNormOptions& o, const GhostBatchNormResults& r, double* kept) noexcept
      : normalize_(deviation_of(o), r.mean, r.rstd), divisor_(o.running_divisor), kept_(kept) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    if (kept_ != nullptr) {
      kept_[2 * cell] = m.mean;
      kept_[2 * cell + 1] = variance_of(m, divisor_);
    }
    return normalize_(cell, m);
  }

 private:
  Normalize normalize_;
  Divisor divisor_;
  double* kept_;
};

// Splits the sample axis in two, the ghost batch (cells) and the sample in it, and gives the cells' shape.
Dims begin(Call& call, const GhostBatchNormOptions& o, const Dims& axes) {
  call.eps(o.eps);
  const std::int64_t samples = call.size(0);
  if (o.ghost_size < 1 || samples % o.ghost_size != 0) {
    call.fail(Code::shape, "ghost_size", fmt::format("a divisor of {} samples", samples),
              fmt::format("{}", o.ghost_size));
  }
  const Dims cells = {samples / o.ghost_size, call.size(static_cast<int>(axes[1]))};
  call.keep({axes[1]});
  Partition& partition = call.job().partition;
  Dim& ghost = partition.dims()[0];
  Dim sample = ghost;
  sample.size = o.ghost_size;
  static_cast<Offsets&>(ghost) = o.ghost_size * sample;
  ghost.size = cells[0];
  ghost.role = Role::cell;
  ghost.cell = cells[1];
  partition.add(sample);
  if (call.elements_a_cell() == 1 && !call.empty()) {
    call.fail(Code::shape, "x", "more than one value per ghost batch and channel", "1");
  }
  return cells;
}

}  // namespace

void ghost_batch_norm(TensorView y, ConstTensorView x, const GhostBatchNormOptions& o, const GhostBatchNormResults& r,
                      Context& context) {
  Call call("ghost_batch_norm", y, x, context);
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis}), channel = {axes[1]};
  call.affine(o.gamma, o.beta, channel);
  check_running(call, o, r, call.sizes_of(channel));
  const Dims cells = begin(call, o, axes);
  check_saved(call, r, cells);
  const Running running(o.running_mean, o.running_var, r.running_mean, r.running_var, o.momentum);
  double* kept = running.wanted() ? call.memory(2 * cells.product()) : nullptr;
  const GhostMerge merge(o, r, kept);
  call.job().statistic = Statistic::moments;
  call.job().merge = &merge;
  execute(call.job(), context);
  if (!running.wanted() || context.explain_only) return;
  call.empty() ? running.keep() : running.update_in_order(kept, cells[0], cells[1]);
}

void ghost_batch_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                               const GhostBatchNormResults& saved, const GhostBatchNormOptions& o, Context& context) {
  Call call("ghost_batch_norm", gradients.dx, dy, x, context);
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  call.affine_gradients(o.gamma, gradients, {axes[1]});
  const Dims cells = begin(call, o, axes);
  normalize_backward(call, {saved.mean, saved.rstd}, cells, deviation_of(o));
}

}  // namespace poise
