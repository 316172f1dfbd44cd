#pragma once

// Adaptive instance norm's merge and its derivative.

#include "techniques/backward.h"
#include "techniques/style.h"

namespace poise {

inline CellAffine blend(double mean, double lo, double r, double style_mean, double style_std, double alpha) noexcept {
  return {mean, lo, alpha * style_std * r, alpha * style_mean + (1 - alpha) * mean, 1 - alpha};
}

class Adapt final : public Merge {
 public:
  Adapt(const Merge& normalize, const Style& style, double alpha) noexcept
      : normalize_(normalize), style_(style), alpha_(alpha) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    const CellAffine own = normalize_(cell, m);
    return blend(own.center, own.center_lo, own.scale, style_.mean.get(cell), style_.std.get(cell), alpha_);
  }

 private:
  const Merge& normalize_;
  Style style_;
  double alpha_;
};

// Keeps the style's gradients of each cell: dmean_s and dstd_s.
class AdaptDerivative final : public Derivative {
 public:
  AdaptDerivative(const Deviation& deviation, const Saved& saved, const Style& style, double alpha, double* dmean,
                  double* dstd) noexcept
      : deviation_(deviation),
        mean_(saved.mean),
        rstd_(saved.rstd),
        style_(style),
        alpha_(alpha),
        dmean_(dmean),
        dstd_(dstd) {}

  CellAffine saved(std::int64_t cell) const noexcept override {
    return blend(mean_.get(cell), 0, rstd_.get(cell), style_.mean.get(cell), style_.std.get(cell), alpha_);
  }
  CellGradient operator()(std::int64_t cell, const GradientSums& sums) const noexcept override {
    const double r = rstd_.get(cell), m = static_cast<double>(sums.count);
    const double d = deviation_.divisor == Divisor::sample ? m - 1 : m;
    dmean_[cell] = alpha_ * sums.s0;
    dstd_[cell] = alpha_ * r * sums.s1;
    const double scale = alpha_ * style_.std.get(cell) * r;
    return {twice_slope(r, deviation_.eps, deviation_.place) * (scale * sums.s1) / d, -scale * sums.s0 / m};
  }

 private:
  Deviation deviation_;
  Values mean_, rstd_;
  Style style_;
  double alpha_;
  double *dmean_, *dstd_;
};

}  // namespace poise
