#pragma once

#include <poise/options.h>

#include <cmath>

#include "core/call.h"
#include "core/job.h"
#include "core/values.h"

namespace poise {

// r(v), the reciprocal deviation; 0 where v and eps are both 0, so that a constant cell gives exactly beta.
inline double reciprocal_deviation(double variance, double eps, EpsPlace place) noexcept {
  double deviation = 0;
  switch (place) {
    case EpsPlace::inside:
      deviation = std::sqrt(variance + eps);
      break;
    case EpsPlace::outside:
      deviation = std::sqrt(variance) + eps;
      break;
    case EpsPlace::floor:
      deviation = std::sqrt(variance > eps || std::isnan(variance) ? variance : eps);
      break;
  }
  return deviation == 0 ? 0 : 1 / deviation;
}

// Of no values, and of one by the sample divisor, where a policy lets them pass: 0.
inline double variance_of(const Measured& m, Divisor divisor) noexcept {
  const std::int64_t d = divisor == Divisor::sample ? m.count - 1 : m.count;
  return d > 0 ? m.m2 / static_cast<double>(d) : 0;
}

// How the variance becomes a scale: what every technique with a mean and a variance shares.
struct Deviation {
  double eps = 0;
  EpsPlace place = EpsPlace::inside;
  Divisor divisor = Divisor::population;

  double reciprocal(const Measured& m) const noexcept {
    return reciprocal_deviation(variance_of(m, divisor), eps, place);
  }
};

// The merge of layer, instance and group norm: center on the mean, scale by r, keep both.
class Normalize final : public Merge {
 public:
  Normalize(const Deviation& deviation, const TensorView& mean, const TensorView& rstd) noexcept
      : deviation_(deviation), mean_(mean), rstd_(rstd) {}

  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    const double r = deviation_.reciprocal(m);
    mean_.set(cell, m.mean);
    rstd_.set(cell, r);
    return {m.mean, m.mean_lo, r, 0};
  }
  void merge_many(std::int64_t first, std::int64_t stride, std::int64_t count, const Measured* m,
                  CellAffine* affine) const noexcept override {
    for (std::int64_t i = 0; i < count; ++i) affine[i] = {m[i].mean, m[i].mean_lo, deviation_.reciprocal(m[i]), 0};
    keep(mean_, first, stride, count, [&](std::int64_t i) { return affine[i].center; });
    keep(rstd_, first, stride, count, [&](std::int64_t i) { return affine[i].scale; });
  }
  const double* plain_eps() const noexcept override {
    const bool plain = deviation_.place == EpsPlace::inside && deviation_.divisor == Divisor::population;
    return plain ? &deviation_.eps : nullptr;
  }
  void keep_many(std::int64_t first, std::int64_t stride, const PlainCells& cells) const noexcept override {
    keep(mean_, first, stride, cells.count, [&](std::int64_t i) { return cells.mean[i]; });
    keep(rstd_, first, stride, cells.count, [&](std::int64_t i) { return cells.rstd[i]; });
  }

 private:
  template <class Get>
  static void keep(const Values& to, std::int64_t first, std::int64_t stride, std::int64_t count, Get get) noexcept {
    for (std::int64_t i = 0; to.present() && i < count; ++i) to.set(first + i * stride, get(i));
  }

  Deviation deviation_;
  Values mean_, rstd_;
};

// The saved mean and rstd, of the cells' shape.
template <class Results>
void check_saved(const Call& call, const Results& r, const Dims& cells) {
  call.result("mean", r.mean, cells, DType::f64, {r.rstd});
  call.result("rstd", r.rstd, cells, DType::f64, {r.mean});
}

}  // namespace poise
