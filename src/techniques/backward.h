#pragma once

#include "core/call.h"
#include "schedule/execute.h"
#include "techniques/normalize.h"

namespace poise {

// 2r'/r of r(v), from r alone, and 0 where r does not depend on v: while the floor acts, at v = 0 under an outside eps.
inline double twice_slope(double r, double eps, EpsPlace place) noexcept {
  if (r == 0) return 0;
  switch (place) {
    case EpsPlace::inside:
      return -r * r;
    case EpsPlace::outside: {
      const double deviation = 1 / r - eps;
      return deviation > 0 || std::isnan(deviation) ? -r / deviation : 0;
    }
    case EpsPlace::floor:
      return eps > 0 && r >= 1 / std::sqrt(eps) ? 0 : -r * r;
  }
  return 0;
}

// The derivative of layer, instance, group and batch norm's merge, and without centering of RMS norm's.
class NormalizeDerivative final : public Derivative {
 public:
  NormalizeDerivative(const Deviation& deviation, const ConstTensorView& mean, const ConstTensorView& rstd) noexcept
      : deviation_(deviation), mean_(mean), rstd_(rstd) {}

  CellAffine saved(std::int64_t cell) const noexcept override { return {mean_.get(cell), 0, rstd_.get(cell), 0}; }
  CellGradient operator()(std::int64_t cell, const GradientSums& sums) const noexcept override {
    if (sums.count == 0) return {};
    const double r = rstd_.get(cell), m = static_cast<double>(sums.count);
    const double d = deviation_.divisor == Divisor::sample && m > 1 ? m - 1 : m;
    return {twice_slope(r, deviation_.eps, deviation_.place) * (r * sums.s1) / d, centers() ? -r * sums.s0 / m : 0};
  }
  Plain plain() const noexcept override {
    if (deviation_.place != EpsPlace::inside || deviation_.divisor != Divisor::population) return Plain::no;
    return centers() ? Plain::centered : Plain::about_zero;
  }
  void saved_many(std::int64_t first, std::int64_t stride, std::int64_t count, double* center,
                  double* rstd) const noexcept override {
    mean_.get_many(first, stride, count, center);
    rstd_.get_many(first, stride, count, rstd);
  }

 private:
  bool centers() const noexcept { return mean_.present(); }
  Deviation deviation_;
  Values mean_, rstd_;
};

// The derivative where the statistics are constants: evaluation and frozen. Its sums are for gamma and beta.
class ConstantDerivative final : public Derivative {
 public:
  explicit ConstantDerivative(const Merge& merge) noexcept : merge_(merge) {}
  CellAffine saved(std::int64_t cell) const noexcept override { return merge_(cell, {}); }
  CellGradient operator()(std::int64_t, const GradientSums&) const noexcept override { return {}; }

 private:
  const Merge& merge_;
};

// dx of constant statistics as a map of dy: what x holds, NaN and infinities too, has no part in it.
class ScaleAlone final : public Merge {
 public:
  explicit ScaleAlone(const Merge& merge) noexcept : merge_(merge) {}
  CellAffine operator()(std::int64_t cell, const Measured&) const noexcept override {
    return {0, 0, merge_(cell, {}).scale, 0};
  }

 private:
  const Merge& merge_;
};

// mean and rstd of a backward call: the saved ones, or where absent measured again into the call's own memory.
struct Saved {
  TensorView mean, rstd;
};

// Checks that what is saved is of the cells' shape.
inline void check_saved_operand(const Call& call, const char* name, const TensorView& view, const Dims& cells) {
  call.operand(name, view, cells);
  if (view.present() && view.dtype() != DType::f64) call.fail(Code::usage, name, "f64", name_of(view.dtype()));
}

// Measures x of the call's job, or of one made from it, with the technique's own merge.
inline void measure_again(Call& call, Job job, Statistic statistic, const Merge& merge) {
  for (Dim& d : job.partition.dims()) {
    d.y = d.dy = d.z = d.x;
    d.gamma = d.beta = d.param = 0;
    if (!job.mask.present()) d.mask = 0;
  }
  job.statistic = statistic;
  job.merge = &merge;
  job.maps = false;
  job.derivative = nullptr;
  job.dgamma = job.dbeta = nullptr;
  job.gamma = job.beta = {};
  job.gate = {};
  execute(job, call.context());
}
inline void measure_again(Call& call, Statistic statistic, const Merge& merge) {
  measure_again(call, call.job(), statistic, merge);
}

// What is saved, or else what `measure(mean, rstd)` fills into the call's own memory.
template <class F>
Saved saved_or(Call& call, Saved saved, const Dims& cells, F&& measure) {
  check_saved_operand(call, "mean", saved.mean, cells);
  check_saved_operand(call, "rstd", saved.rstd, cells);
  if (saved.mean.present() && saved.rstd.present()) return saved;
  saved.mean = {call.memory(cells.product()), DType::f64, cells};
  saved.rstd = {call.memory(cells.product()), DType::f64, cells};
  if (!call.empty()) measure(saved.mean, saved.rstd);
  return saved;
}

inline Saved saved_or_measured(Call& call, const Saved& saved, const Dims& cells, const Deviation& deviation) {
  return saved_or(call, saved, cells, [&](const TensorView& mean, const TensorView& rstd) {
    measure_again(call, Statistic::moments, Normalize(deviation, mean, rstd));
  });
}

inline void run_backward(Call& call, Statistic statistic, const Derivative& derivative) {
  call.job().statistic = statistic;
  call.job().derivative = &derivative;
  execute(call.job(), call.context());
  call.store_gradients();
}

// The backward pass of what centers and scales by the cell's own moments.
inline void normalize_backward(Call& call, const Saved& saved, const Dims& cells, const Deviation& deviation) {
  const Saved s = saved_or_measured(call, saved, cells, deviation);
  run_backward(call, Statistic::moments, NormalizeDerivative(deviation, s.mean, s.rstd));
}

// The backward pass of what normalizes with given statistics: gamma's and beta's sums where they are wanted, then dx.
inline void constant_backward(Call& call, const Merge& merge) {
  const ConstantDerivative derivative(merge);
  const ScaleAlone scale(merge);
  Job& job = call.job();
  job.derivative = &derivative;
  const bool maps = job.maps, sums = job.dgamma != nullptr || job.dbeta != nullptr || job.gate.gated.present();
  job.maps = false;
  if (sums || !maps) execute(job, call.context());
  if (!maps) return call.store_gradients();
  Job map = job;
  for (Dim& d : map.partition.dims()) {
    d.x = d.dy;
    d.z = d.y;
    d.beta = d.param = 0;
  }
  map.x = map.dy;
  map.dy = {};
  map.maps = true;
  map.derivative = nullptr;
  map.merge = &scale;
  map.gate = {};
  map.dgamma = map.dbeta = nullptr;
  execute(map, call.context());
  call.store_gradients();
}

}  // namespace poise
