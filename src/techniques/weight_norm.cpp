// Weight normalization. Salimans, Kingma 2016, arXiv:1602.07868; and the max-norm constraint.
//
//     y = g * v / ||v||      y = w * min(1, limit / ||w||)
//
// v, w, y: any shape   g (kept axes)   kept for backward: norm (kept axes)
// A cell is all that shares one norm.

#include <poise/weight_norm.h>

#include <fmt/format.h>

#include <limits>

#include "techniques/backward.h"

namespace poise {
namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();

// Scales by 1/norm; under a limit by limit/norm where the norm exceeds it, else by 1.
double scale_of(double norm, double limit) noexcept {
  if (limit == no_limit) return norm == 0 ? 0 : 1 / norm;
  return norm > limit || std::isnan(norm) ? limit / norm : 1;
}

class ByNorm final : public Merge {
 public:
  ByNorm(const TensorView& norm, double limit) noexcept : norm_(norm), limit_(limit) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    const double norm = std::sqrt(m.m2);
    norm_.set(cell, norm);
    return {0, 0, scale_of(norm, limit_), 0};
  }

 private:
  Values norm_;
  double limit_;
};

class ByNormDerivative final : public Derivative {
 public:
  ByNormDerivative(const ConstTensorView& norm, double limit) noexcept : norm_(norm), limit_(limit) {}
  CellAffine saved(std::int64_t cell) const noexcept override { return {0, 0, scale_of(norm_.get(cell), limit_), 0}; }
  CellGradient operator()(std::int64_t cell, const GradientSums& sums) const noexcept override {
    const double norm = norm_.get(cell);
    if (norm == 0 || (limit_ != no_limit && norm <= limit_)) return {};
    return {-scale_of(norm, limit_) * (sums.s1 / norm) / norm, 0};
  }

 private:
  Values norm_;
  double limit_;
};

Dims begin(Call& call, const Dims& kept_axes) {
  const Dims kept = call.axes("kept_axes", kept_axes);
  call.keep(kept);
  return kept;
}

void forward(Call& call, const Dims& kept, const WeightNormResults& r, double limit) {
  call.result("norm", r.norm, call.sizes_of(kept), DType::f64);
  const ByNorm merge(r.norm, limit);
  call.job().statistic = Statistic::power;
  call.job().merge = &merge;
  execute(call.job(), call.context());
}

void backward(Call& call, const Dims& kept, const WeightNormResults& saved, double limit) {
  const Dims cells = call.sizes_of(kept);
  check_saved_operand(call, "norm", saved.norm, cells);
  TensorView norm = saved.norm;
  if (!norm.present()) {
    norm = {call.memory(cells.product()), DType::f64, cells};
    if (!call.empty()) measure_again(call, Statistic::power, ByNorm(norm, limit));
  }
  run_backward(call, Statistic::power, ByNormDerivative(norm, limit));
}

void check_limit(const Call& call, double limit) {
  if (!(limit > 0) || limit == no_limit) {
    call.fail(Code::usage, "limit", "a finite number above 0", fmt::format("{}", limit));
  }
}

}  // namespace

void weight_norm(TensorView y, ConstTensorView v, const WeightNormOptions& o, const WeightNormResults& r,
                 Context& context) {
  Call call("weight_norm", y, v, context);
  const Dims kept = begin(call, o.kept_axes);
  call.affine(o.gamma, {}, kept);
  forward(call, kept, r, no_limit);
}

void weight_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView v,
                          const WeightNormResults& saved, const WeightNormOptions& o, Context& context) {
  Call call("weight_norm", gradients.dx, dy, v, context);
  const Dims kept = begin(call, o.kept_axes);
  if (gradients.dbeta.present()) call.fail(Code::usage, "dbeta", "none, as there is no beta", "one");
  call.affine_gradients(o.gamma, gradients, kept);
  backward(call, kept, saved, no_limit);
}

void max_norm(TensorView y, ConstTensorView w, const MaxNormOptions& o, const WeightNormResults& r, Context& context) {
  Call call("max_norm", y, w, context);
  check_limit(call, o.limit);
  forward(call, begin(call, o.kept_axes), r, o.limit);
}

void max_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w,
                       const WeightNormResults& saved, const MaxNormOptions& o, Context& context) {
  Call call("max_norm", gradients.dx, dy, w, context);
  call.refuse_parameter_gradients(gradients);
  check_limit(call, o.limit);
  backward(call, begin(call, o.kept_axes), saved, o.limit);
}

}  // namespace poise
