// Mean-variance normalization, as ONNX and Caffe have it.
//
//     y = (x - mean) * r(var)
//
// x, y: any shape   kept for backward: mean, rstd (kept axes)
// A cell is all indices of the reduced axes.

#include <poise/mean_variance_norm.h>

#include "techniques/backward.h"
#include "techniques/one_value.h"
#include "techniques/row_axes.h"

namespace poise {
namespace {

Deviation deviation_of(const MeanVarianceNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

// Only the mean: r is 1 whatever the variance.
class Center final : public Merge {
 public:
  explicit Center(const MeanVarianceNormResults& r) noexcept : mean_(r.mean), rstd_(r.rstd) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    mean_.set(cell, m.mean);
    rstd_.set(cell, 1);
    return {m.mean, m.mean_lo, 1, 0};
  }

 private:
  Values mean_, rstd_;
};

// Knows nothing of x: a is 0, and a center of 0 cannot make x - center overflow.
class CenterDerivative final : public Derivative {
 public:
  CellAffine saved(std::int64_t) const noexcept override { return {}; }
  CellGradient operator()(std::int64_t, const GradientSums& sums) const noexcept override {
    return {0, sums.count == 0 ? 0 : -sums.s0 / static_cast<double>(sums.count)};
  }
};

// The shape of the cells.
Dims begin(Call& call, const MeanVarianceNormOptions& o) {
  const RowAxes axes = row_axes(call, o.axes, {});
  call.keep(axes.kept);
  call.eps(o.eps);
  if (o.divisor == Divisor::sample && o.normalize_variance && !call.empty() && call.elements_a_cell() == 1) {
    call.fail(Code::shape, "divisor", "population where a cell has one value", "sample");
  }
  return call.sizes_of(axes.kept);
}

}  // namespace

void mean_variance_norm(TensorView y, ConstTensorView x, const MeanVarianceNormOptions& o,
                        const MeanVarianceNormResults& r, Context& context) {
  Call call("mean_variance_norm", y, x, context);
  check_saved(call, r, begin(call, o));
  const Normalize normalize(deviation_of(o), r.mean, r.rstd);
  const Center center(r);
  Job& job = call.job();
  job.statistic = Statistic::moments;
  job.merge = o.normalize_variance ? static_cast<const Merge*>(&normalize) : &center;
  execute(job, context);
}

void mean_variance_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                 const MeanVarianceNormResults& saved, const MeanVarianceNormOptions& o,
                                 Context& context) {
  Call call("mean_variance_norm", gradients.dx, dy, x, context);
  call.refuse_parameter_gradients(gradients);
  const Dims cells = begin(call, o);
  if (o.normalize_variance) return normalize_backward(call, {saved.mean, saved.rstd}, cells, deviation_of(o));
  check_saved_operand(call, "mean", saved.mean, cells);
  check_saved_operand(call, "rstd", saved.rstd, cells);
  run_backward(call, Statistic::moments, CenterDerivative());
}

}  // namespace poise
