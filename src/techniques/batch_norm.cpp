// Batch normalization. Ioffe, Szegedy 2015, arXiv:1502.03167.
//
//     y = gamma_c * (x - mean_c) * r(var_c) + beta_c
//
// x, y: any shape with the channel axes   gamma, beta, running statistics (channels)   kept for backward: mean, rstd
// A cell is a channel of all samples; evaluation and frozen take it from the running statistics.

#include <poise/batch_norm.h>

#include "techniques/affine.h"
#include "techniques/backward.h"
#include "techniques/one_value.h"
#include "techniques/running.h"

namespace poise {
namespace {

Deviation deviation_of(const BatchNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

bool measures(const BatchNormOptions& o) noexcept {
  return o.mode == BatchNormMode::training || (o.mode == BatchNormMode::evaluation && !o.track_running);
}

class BatchMerge final : public Merge {
 public:
  BatchMerge(const BatchNormOptions& o, const BatchNormResults& results) noexcept
      : normalize_(deviation_of(o), results.mean, results.rstd),
        running_(o.running_mean, o.running_var, results.running_mean, results.running_var, o.momentum),
        running_divisor_(o.running_divisor),
        fewest_(o.one_value == OneValue::skip_update ? 2 : 1) {}

  CellAffine operator()(std::int64_t channel, const Measured& m) const noexcept override {
    if (running_.wanted()) {
      m.count < fewest_ ? running_.keep(channel) : running_.update(channel, m.mean, variance_of(m, running_divisor_));
    }
    return normalize_(channel, m);
  }
  void keep_running() const noexcept { running_.keep(); }

 private:
  Normalize normalize_;
  Running running_;
  Divisor running_divisor_;
  std::int64_t fewest_;
};

FromRunning from_running(const Call& call, const BatchNormOptions& o) {
  if (!o.running_mean.present() || !o.running_var.present()) {
    call.fail(Code::usage, "running_mean, running_var", "both in evaluation and frozen", "none");
  }
  return {o.running_mean, o.running_var, deviation_of(o)};
}

void check(Call& call, const BatchNormOptions& o, const BatchNormResults& r, const Dims& axes) {
  const Dims channels = call.sizes_of(axes);
  call.eps(o.eps);
  check_running(call, o, r, channels);
  check_saved(call, r, channels);
  if (!o.track_running && (r.running_mean.present() || r.running_var.present())) {
    call.fail(Code::usage, "track_running", "true where new running statistics are wanted", "false");
  }
}

}  // namespace

void batch_norm(TensorView y, ConstTensorView x, const BatchNormOptions& o, const BatchNormResults& r,
                Context& context) {
  Call call("batch_norm", y, x, context);
  const Dims axes = call.axes("channel_axes", o.channel_axes);
  call.keep(axes);
  take_affine(call, o, axes);
  check(call, o, r, axes);
  Job& job = call.job();
  if (!measures(o)) {
    const FromRunning running = from_running(call, o);
    refuse_results(call, r, "none in evaluation and frozen");
    job.merge = &running;
    return execute(job, context);
  }
  check_one_value(call, o.one_value, "more than one value per channel");
  const BatchMerge batch(o, r);
  job.statistic = Statistic::moments;
  job.merge = &batch;
  execute(job, context);
  if (call.empty() && !context.explain_only) batch.keep_running();
}

void batch_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                         const BatchNormResults& saved, const BatchNormOptions& o, Context& context) {
  Call call("batch_norm", gradients.dx, dy, x, context);
  const Dims axes = call.axes("channel_axes", o.channel_axes);
  call.keep(axes);
  take_affine(call, o, gradients, axes);
  call.eps(o.eps);
  const Dims channels = call.sizes_of(axes);
  check_running(call, o, BatchNormResults{}, channels);
  if (!measures(o)) return constant_backward(call, from_running(call, o));
  check_one_value(call, o.one_value, "more than one value per channel");
  normalize_backward(call, {saved.mean, saved.rstd}, channels, deviation_of(o));
}

}  // namespace poise
