// Instance normalization. Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022.
//
//     y = gamma_c * (x - mean_nc) * r(var_nc) + beta_c
//
// x, y: (N, C, ...)   gamma, beta, running statistics (C)   kept for backward: mean, rstd (N, C)
// A cell is one channel of one sample.

#include <poise/instance_norm.h>

#include "schedule/execute.h"
#include "techniques/describe.h"
#include "techniques/running.h"

namespace poise {
namespace {

// Keeps every instance's mean and variance, for their average over samples.
class InstanceMerge final : public Merge {
 public:
  InstanceMerge(const InstanceNormOptions& o, const InstanceNormResults& r, double* kept) noexcept
      : normalize_({o.eps, o.eps_place, o.divisor}, r.mean, r.rstd), divisor_(o.running_divisor), kept_(kept) {}

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

}  // namespace

void instance_norm(TensorView y, ConstTensorView x, const InstanceNormOptions& o, const InstanceNormResults& r,
                   Context& context) {
  Call call("instance_norm", y, x, context);
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  const Dims channel = {axes[1]}, cells = call.sizes_of(axes), channels = call.sizes_of(channel);
  call.affine(o.gamma, o.beta, channel);
  call.eps(o.eps);
  check_running(call, o, r, channels);
  check_saved(call, r, cells);
  Job& job = call.job();
  const bool evaluates = o.mode == InstanceNormMode::evaluation;
  if (evaluates && o.running_mean.present() != o.running_var.present()) {
    call.fail(Code::usage, "running_mean, running_var", "both or none in evaluation", "one");
  }
  if (evaluates && o.running_mean.present()) {
    refuse_results(call, r, "none in evaluation with running statistics");
    call.keep(channel);
    const FromRunning merge(o.running_mean, o.running_var, {o.eps, o.eps_place, o.divisor});
    job.merge = &merge;
    return execute(job, context);
  }
  call.keep(axes);
  if (call.elements_a_cell() == 1 && !call.empty()) {
    call.fail(Code::shape, "x", "more than one value per sample and channel", "1");
  }
  const Running running(o.running_mean, o.running_var, r.running_mean, r.running_var, o.momentum);
  double* kept = running.wanted() ? call.memory(2 * cells.product()) : nullptr;
  const InstanceMerge merge(o, r, kept);
  job.statistic = Statistic::moments;
  job.merge = &merge;
  execute(job, context);
  if (!running.wanted() || context.explain_only) return;
  if (call.empty()) return running.keep();
  running.update_by_average(kept, cells[0]);
}

namespace {

InstanceNormOptions options_of(const Parameters& p) {
  const bool trains = p.mode == BatchNormMode::training;
  InstanceNormOptions o{
      .mode = trains ? InstanceNormMode::training : InstanceNormMode::evaluation, .gamma = p.gamma, .beta = p.beta};
  take_running(o, p);
  o.eps_place = p.eps_place;
  o.divisor = p.divisor;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {
    &d::gamma,        &d::beta,         &d::eps,         &d::eps_place, &d::divisor,        &d::mode,
    &d::channel_axis, &d::running_mean, &d::running_var, &d::momentum,  &d::running_divisor};
constexpr const char* results[] = {"mean", "rstd", "running_mean", "running_var"};

}  // namespace

extern const Technique instance_norm_technique;  // the table names it
const Technique instance_norm_technique = {
    .name = "instance_norm",
    .title = "Instance normalization",
    .formula = "y = gamma_c * (x - mean_nc) * r(var_nc) + beta_c",
    .paper = "Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022",
    .cell = "one channel of one sample",
    .use = "style transfer and image generation: removes the contrast of each image",
    .beware = "never in a first block that must keep style, contrast or brightness",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axes = front_axes("instance_norm", "channel_axis", {0, options_of(p).channel_axis}, x.size());
          return shape_among(
              "instance_norm", operand,
              {{"gamma beta running_mean running_var", sizes_at(x, {axes[1]})}, {"mean rstd", sizes_at(x, axes)}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          instance_norm(y, x, options_of(p), {r.mean, r.rstd, r.running_mean, r.running_var}, context);
        }};

}  // namespace poise
