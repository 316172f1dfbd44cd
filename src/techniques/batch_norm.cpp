// Batch normalization. Ioffe, Szegedy 2015, arXiv:1502.03167.
//
//     y = gamma_c * (x - mean_c) * r(var_c) + beta_c
//
// x, y: any shape with the channel axes   gamma, beta, running statistics (channels)   kept for backward: mean, rstd
// A cell is a channel of all samples; evaluation and frozen take it from the running statistics.

#include <poise/batch_norm.h>

#include "schedule/execute.h"
#include "techniques/describe.h"
#include "techniques/running.h"

namespace poise {
namespace {

class BatchMerge final : public Merge {
 public:
  BatchMerge(const BatchNormOptions& options, const BatchNormResults& results) noexcept
      : normalize_({options.eps, options.eps_place, options.divisor}, results.mean, results.rstd),
        running_(options.running_mean, options.running_var, results.running_mean, results.running_var,
                 options.momentum),
        running_divisor_(options.running_divisor) {}

  CellAffine operator()(std::int64_t channel, const Measured& m) const noexcept override {
    if (running_.wanted()) running_.update(channel, m.mean, variance_of(m, running_divisor_));
    return normalize_(channel, m);
  }
  void keep_running() const noexcept { running_.keep(); }

 private:
  Normalize normalize_;
  Running running_;
  Divisor running_divisor_;
};

void check(Call& call, const BatchNormOptions& o, const BatchNormResults& r, const Dims& axes) {
  const Dims channels = call.sizes_of(axes);
  call.keep(axes);
  call.affine(o.gamma, o.beta, axes);
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
  check(call, o, r, call.axes("channel_axes", o.channel_axes));
  Job& job = call.job();
  const BatchMerge batch(o, r);
  if (o.mode == BatchNormMode::training || (o.mode == BatchNormMode::evaluation && !o.track_running)) {
    const std::int64_t m = call.elements_a_cell();
    if (m == 1 && !call.empty()) call.fail(Code::shape, "x", "more than one value per channel", "1");
    job.statistic = Statistic::moments;
    job.merge = &batch;
    execute(job, context);
    if (call.empty() && !context.explain_only) batch.keep_running();
    return;
  }
  if (!o.running_mean.present() || !o.running_var.present()) {
    call.fail(Code::usage, "running_mean, running_var", "both in evaluation and frozen", "none");
  }
  refuse_results(call, r, "none in evaluation and frozen");
  const FromRunning running(o.running_mean, o.running_var, {o.eps, o.eps_place, o.divisor});
  job.merge = &running;
  execute(job, context);
}

namespace {

BatchNormOptions options_of(const Parameters& p) {
  BatchNormOptions o{.mode = p.mode, .gamma = p.gamma, .beta = p.beta};
  take_running(o, p);
  o.eps_place = p.eps_place;
  o.divisor = p.divisor;
  o.track_running = p.track_running;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axes = p.channel_axes;
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {
    &d::gamma,        &d::beta,         &d::eps,         &d::eps_place, &d::divisor,         &d::mode,
    &d::channel_axes, &d::running_mean, &d::running_var, &d::momentum,  &d::running_divisor, &d::track_running};
constexpr const char* results[] = {"mean", "rstd", "running_mean", "running_var"};

}  // namespace

extern const Technique batch_norm_technique;  // the table names it
const Technique batch_norm_technique = {
    .name = "batch_norm",
    .title = "Batch normalization",
    .formula = "y = gamma_c * (x - mean_c) * r(var_c) + beta_c",
    .paper = "Ioffe, Szegedy 2015, arXiv:1502.03167",
    .cell = "a channel of all samples",
    .use = "convolutional and fully connected networks trained with batches of 16 and more",
    .beware = "small or varying batches, recurrent nets; training and evaluation differ",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axes = front_axes("batch_norm", "channel_axes", options_of(p).channel_axes, x.size());
          return shape_among("batch_norm", operand,
                             {{"gamma beta running_mean running_var mean rstd", sizes_at(x, axes)}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          batch_norm(y, x, options_of(p), {r.mean, r.rstd, r.running_mean, r.running_var}, context);
        }};

}  // namespace poise
