#pragma once

// Batch renormalization's merge and its derivative.

#include <poise/batch_renorm.h>

#include <algorithm>

#include "techniques/backward.h"
#include "techniques/running.h"

namespace poise {

inline Deviation deviation_of(const BatchRenormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

struct Correction {
  double r = 1, d = 0;
};

inline Correction correction(const BatchRenormOptions& o, double mean, double rstd, double running_mean,
                             double running_var) {
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

}  // namespace poise
