// Batch renormalization. Ioffe 2017, arXiv:1702.03275.
//
//     y = gamma_c * ((x - mean_c) * rstd_c * r_c + d_c) + beta_c
//
// x, y: any shape with the channel axes   gamma, beta, running statistics (channels)   kept: mean, rstd, r, d
// A cell is a channel of all samples; r and d pull it towards the running statistics and are constants for the
// gradient.

#include <poise/batch_renorm.h>

#include <fmt/format.h>

#include <algorithm>

#include "techniques/backward.h"
#include "techniques/running.h"

namespace poise {
namespace {

Deviation deviation_of(const BatchRenormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

struct Correction {
  double r = 1, d = 0;
};

Correction correction(const BatchRenormOptions& o, double mean, double rstd, double running_mean, double running_var) {
  const double running = reciprocal_deviation(running_var, o.eps, o.eps_place);
  return {std::clamp(running / rstd, 1 / o.r_max, o.r_max),
          std::clamp((mean - running_mean) * running, -o.d_max, o.d_max)};
}

class Renormalize final : public Merge {
 public:
  Renormalize(const BatchRenormOptions& o, const BatchRenormResults& r) noexcept
      : options_(o),
        normalize_(deviation_of(o), r.mean, r.rstd),
        running_(o.running_mean, o.running_var, r.running_mean, r.running_var, o.momentum),
        mean_(o.running_mean),
        var_(o.running_var),
        scale_(r.scale),
        shift_(r.shift) {}

  CellAffine operator()(std::int64_t channel, const Measured& m) const noexcept override {
    CellAffine affine = normalize_(channel, m);
    const Correction c = correction(options_, m.mean, affine.scale, mean_.get(channel), var_.get(channel));
    scale_.set(channel, c.r);
    shift_.set(channel, c.d);
    if (running_.wanted()) running_.update(channel, m.mean, variance_of(m, options_.running_divisor));
    affine.scale *= c.r;
    affine.shift = c.d;
    return affine;
  }
  void keep_running() const noexcept { running_.keep(); }

 private:
  const BatchRenormOptions& options_;
  Normalize normalize_;
  Running running_;
  Values mean_, var_, scale_, shift_;
};

class RenormDerivative final : public Derivative {
 public:
  RenormDerivative(const BatchRenormOptions& o, const Saved& saved, const BatchRenormResults& corrections) noexcept
      : options_(o),
        mean_(saved.mean),
        rstd_(saved.rstd),
        running_mean_(o.running_mean),
        running_var_(o.running_var),
        scale_(corrections.scale),
        shift_(corrections.shift) {}

  CellAffine saved(std::int64_t channel) const noexcept override {
    const double mean = mean_.get(channel), rstd = rstd_.get(channel);
    const Correction c = correction(options_, mean, rstd, running_mean_.get(channel), running_var_.get(channel));
    return {mean, 0, rstd * scale_.get(channel, c.r), shift_.get(channel, c.d)};
  }
  CellGradient operator()(std::int64_t channel, const GradientSums& sums) const noexcept override {
    const double scale = saved(channel).scale, m = static_cast<double>(sums.count);
    const double d = options_.divisor == Divisor::sample ? m - 1 : m;
    return {twice_slope(rstd_.get(channel), options_.eps, options_.eps_place) * (scale * sums.s1) / d,
            -scale * sums.s0 / m};
  }

 private:
  const BatchRenormOptions& options_;
  Values mean_, rstd_, running_mean_, running_var_, scale_, shift_;
};

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
