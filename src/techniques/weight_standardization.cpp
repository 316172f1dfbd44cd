// Weight standardization. Qiao, Wang, Liu, Shen, Yuille 2019, arXiv:1903.10520.
//
//     y = gamma_f * (w - mean_f) * r(var_f) + beta_f
//
// w, y: any shape with a filter axis   gamma, beta (filters)   kept for backward: mean, rstd (filters)
// A cell is a filter: its fan-in of n weights.

#include <poise/weight_standardization.h>

#include "techniques/backward.h"

namespace poise {
namespace {

// r and its derivative with the fan-in in it.
struct FilterDeviation {
  Deviation base;
  FanIn fan_in = FanIn::none;

  double reciprocal(const Measured& m) const noexcept {
    const double n = static_cast<double>(m.count), variance = variance_of(m, base.divisor);
    if (fan_in == FanIn::variance) return reciprocal_deviation(n * variance, base.eps, base.place);
    const double r = reciprocal_deviation(variance, base.eps, base.place);
    return fan_in == FanIn::scale ? r / std::sqrt(n) : r;
  }
  double twice_slope_at(double r, double n) const noexcept {
    if (fan_in == FanIn::variance) return n * twice_slope(r, base.eps, base.place);
    return twice_slope(fan_in == FanIn::scale ? r * std::sqrt(n) : r, base.eps, base.place);
  }
};

FilterDeviation deviation_of(const WeightStandardizationOptions& o) noexcept {
  return {{o.eps, o.eps_place, o.divisor}, o.fan_in};
}

class Standardize final : public Merge {
 public:
  Standardize(const FilterDeviation& deviation, const TensorView& mean, const TensorView& rstd) noexcept
      : deviation_(deviation), mean_(mean), rstd_(rstd) {}
  CellAffine operator()(std::int64_t filter, const Measured& m) const noexcept override {
    const double r = deviation_.reciprocal(m);
    mean_.set(filter, m.mean);
    rstd_.set(filter, r);
    return {m.mean, m.mean_lo, r, 0};
  }

 private:
  FilterDeviation deviation_;
  Values mean_, rstd_;
};

class StandardizeDerivative final : public Derivative {
 public:
  StandardizeDerivative(const FilterDeviation& deviation, const Saved& saved) noexcept
      : deviation_(deviation), mean_(saved.mean), rstd_(saved.rstd) {}
  CellAffine saved(std::int64_t filter) const noexcept override { return {mean_.get(filter), 0, rstd_.get(filter), 0}; }
  CellGradient operator()(std::int64_t filter, const GradientSums& sums) const noexcept override {
    const double r = rstd_.get(filter), n = static_cast<double>(sums.count);
    const double d = deviation_.base.divisor == Divisor::sample ? n - 1 : n;
    return {deviation_.twice_slope_at(r, n) * (r * sums.s1) / d, -r * sums.s0 / n};
  }

 private:
  FilterDeviation deviation_;
  Values mean_, rstd_;
};

Dims begin(Call& call, const WeightStandardizationOptions& o) {
  const Dims axis = call.axes("filter_axis", {o.filter_axis});
  call.keep(axis);
  call.eps(o.eps);
  if (call.elements_a_cell() == 1 && !call.empty()) call.fail(Code::shape, "w", "more than one weight per filter", "1");
  return axis;
}

}  // namespace

void weight_standardization(TensorView y, ConstTensorView w, const WeightStandardizationOptions& o,
                            const WeightStandardizationResults& r, Context& context) {
  Call call("weight_standardization", y, w, context);
  const Dims axis = begin(call, o);
  call.affine(o.gamma, o.beta, axis);
  check_saved(call, r, call.sizes_of(axis));
  const Standardize merge(deviation_of(o), r.mean, r.rstd);
  call.job().statistic = Statistic::moments;
  call.job().merge = &merge;
  execute(call.job(), context);
}

void weight_standardization_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w,
                                     const WeightStandardizationResults& saved, const WeightStandardizationOptions& o,
                                     Context& context) {
  Call call("weight_standardization", gradients.dx, dy, w, context);
  const Dims axis = begin(call, o);
  call.affine_gradients(o.gamma, gradients, axis);
  const auto measure = [&](const TensorView& mean, const TensorView& rstd) {
    measure_again(call, Statistic::moments, Standardize(deviation_of(o), mean, rstd));
  };
  const Saved s = saved_or(call, {saved.mean, saved.rstd}, call.sizes_of(axis), measure);
  const StandardizeDerivative derivative(deviation_of(o), s);
  run_backward(call, Statistic::moments, derivative);
}

}  // namespace poise
