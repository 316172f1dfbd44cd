#include "techniques/second_backward.h"

#include <algorithm>

#include "core/context_state.h"
#include "core/overlap.h"
#include "schedule/second.h"

namespace poise {
namespace {

class MeasuredCurve final : public SecondDerivative {
 public:
  MeasuredCurve(const Saved& saved, const Deviation& deviation) noexcept
      : mean_(saved.mean), rstd_(saved.rstd), deviation_(deviation) {}
  Curve operator()(std::int64_t cell) const noexcept override {
    const double r = rstd_.get(cell);
    const Slopes s = slopes_of(r, deviation_.eps, deviation_.place);
    return {mean_.get(cell), r, s.first, s.second};
  }

 private:
  Values mean_, rstd_;
  Deviation deviation_;
};

class ConstantCurve final : public SecondDerivative {
 public:
  explicit ConstantCurve(const Merge& merge) noexcept : merge_(merge) {}
  Curve operator()(std::int64_t cell) const noexcept override {
    const CellAffine affine = merge_(cell, {});
    return {affine.center, affine.scale, 0, 0};
  }

 private:
  const Merge& merge_;
};

void check_tensor(const Call& call, const char* name, const ConstTensorView& view, const ConstTensorView& x) {
  if (!view.present()) return;
  call.operand(name, view, x.sizes());
  if (view.dtype() != x.dtype()) call.fail(Code::usage, name, name_of(x.dtype()), name_of(view.dtype()));
}

void check(Call& call, const Second& second, const Dims& sizes) {
  const ConstTensorView x = call.job().x, dy = call.job().dy;
  const auto& [ddy, dx, dgamma] = second.gradients;
  const auto& [ddx, ddgamma, ddbeta] = second.operands;
  check_tensor(call, "ddx", ddx, x);
  call.operand("ddgamma", ddgamma, sizes);
  call.operand("ddbeta", ddbeta, sizes);
  for (const auto& [name, view] : {std::pair{"ddy", ddy}, std::pair{"dx", dx}}) {
    check_tensor(call, name, view, x);
    call.result(name, view, x.sizes(), x.dtype(), {dy, ddx, ddgamma, ddbeta, dgamma});
  }
  call.result("dx", dx, x.sizes(), x.dtype(), {ddy});
  call.gradient("dgamma", dgamma, sizes, {});
  if (call.job().gate.gated.present()) {
    call.fail(Code::usage, "activation", "none in a second backward pass", "one");
  }
  if (call.skips()) call.fail(Code::usage, "non_finite", "propagate or raise in a second backward pass", "skip");
  if (call.job().mask.present()) call.fail(Code::usage, "mask", "none in a second backward pass", "one");
}

// An operand along gamma's axes as float64 in row-major order; null when absent.
double* dense(const Call& call, const ConstTensorView& view, std::int64_t count, double offset) {
  if (!view.present()) return nullptr;
  const Values values(view);
  double* out = call.memory(count);
  for (std::int64_t i = 0; i < count; ++i) out[i] = offset + values.get(i);
  return out;
}

// The strides of what a second pass reads and writes besides, as second.h names their places.
void set_strides(Partition& partition, const Dims& gamma_strides, const Dims& gamma_axes, const Second& second) {
  const auto stride = [](const ConstTensorView& view, int axis) { return view.present() ? view.stride(axis) : 0; };
  int axis = 0;
  for (Dim& d : partition.dims()) {
    d.gamma = d.param = 0;
    d.y = stride(second.gradients.ddy, axis);
    d.beta = stride(second.gradients.dx, axis);
    d.mask = stride(second.operands.ddx, axis);
    ++axis;
  }
  for (int i = 0; i < gamma_axes.size(); ++i) {
    partition.dims()[static_cast<std::size_t>(gamma_axes[i])].param = gamma_strides[i];
  }
}

}  // namespace

Slopes slopes_of(double r, double eps, EpsPlace place) noexcept {
  const Slopes root = {-r * r * r / 2, 3 * r * r * r * r * r / 4};  // of 1/sqrt
  if (r == 0) return {};
  if (place == EpsPlace::inside) return root;
  if (place == EpsPlace::floor) return eps > 0 && r >= 1 / std::sqrt(eps) ? Slopes{} : root;
  const double s = 1 / r - eps;
  if (s <= 0) return {};
  return {-r * r / (2 * s), r * r * r / (2 * s * s) + r * r / (4 * s * s * s)};
}

SecondJob prepare_second(Call& call, const Second& second, const Dims& gamma_axes) {
  const Dims sizes = call.sizes_of(gamma_axes);
  check(call, second, sizes);
  set_strides(call.job().partition, contiguous_strides(sizes), gamma_axes, second);
  SecondJob job;
  job.x = call.job().x;
  job.dy = call.job().dy;
  job.ddx = second.operands.ddx;
  job.ddy = second.gradients.ddy;
  job.dx = second.gradients.dx;
  job.params = sizes.product();
  const double* given = dense(call, call.job().gamma, job.params, call.job().gamma_offset);
  if (given == nullptr) {
    double* ones = call.memory(job.params);
    std::fill_n(ones, job.params, 1.0);
    given = ones;
  }
  job.gamma = given;
  job.ddgamma = dense(call, second.operands.ddgamma, job.params, 0);
  job.ddbeta = dense(call, second.operands.ddbeta, job.params, 0);
  if (second.gradients.dgamma.present()) {
    job.dgamma = call.memory(job.params);
    std::fill_n(job.dgamma, job.params, 0.0);
  }
  return job;
}

void run_second_backward(Call& call, SecondJob job, const Second& second, const Saved& saved,
                         const Deviation& deviation, const Merge* constants) {
  job.partition = call.job().partition;
  job.less = deviation.divisor == Divisor::sample ? 1 : 0;
  job.constant = constants != nullptr;
  const MeasuredCurve measured(saved, deviation);
  if (call.context().explain_only) return;
  if (job.constant) {
    const ConstantCurve constant(*constants);
    job.derivative = &constant;
    if (!call.empty()) run_second(job, call.context());
  } else {
    job.derivative = &measured;
    if (!call.empty()) run_second(job, call.context());
  }
  Values(second.gradients.dgamma).set_all(job.dgamma);
}

}  // namespace poise
