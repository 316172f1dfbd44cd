// Filter response normalization. Singh, Krishnan 2020, arXiv:1911.09737.
//
//     y = max(gamma_c * x * r(mean of x^2) + beta_c, tau_c)
//
// x, y: (N, C, ...)   gamma, beta, tau (C)   kept for backward: rstd (N, C)
// A cell is a channel of one sample.

#include <poise/filter_response_norm.h>

#include <algorithm>

#include "schedule/pointwise.h"
#include "techniques/backward.h"
#include "techniques/rms.h"

namespace poise {
namespace {

Deviation deviation_of(const FilterResponseNormOptions& o) noexcept {
  return {o.eps, o.eps_place, Divisor::population};
}

Dims begin(Call& call, const FilterResponseNormOptions& o) {
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  call.keep(axes);
  call.eps(o.eps);
  call.operand("threshold", o.threshold, call.sizes_of({axes[1]}));
  return axes;
}

// dy where y is above tau, kept where dx goes; what is below adds up to each cell's part of dtau.
void gate(Call& call, const FilterResponseNormOptions& o, const ConstTensorView& rstd, double* dthreshold) {
  const Job job = call.gated();
  const std::int64_t channels = o.threshold.elements();
  const Values threshold(o.threshold), gamma(o.gamma), beta(o.beta), r(rstd);
  for_each_cell(job, call.context(), [&](const Offsets& base, const Partition& inner) {
    const std::int64_t c = base.cell % channels;
    const double scale = gamma.get(c, 1) * r.get(base.cell), shift = beta.get(c), tau = threshold.get(c);
    double below = 0;
    for_each_offset(base, inner, [&](const Offsets& at) {
      const double dy = dy_at(job, at);
      const bool passes = !(x_at(job, at) * scale + shift <= tau);
      if (!passes) below += dy;
      set_y(job, at, passes ? dy : 0);
    });
    dthreshold[base.cell] = below;
  });
}

void store_threshold(const TensorView& view, const double* below, std::int64_t cells) noexcept {
  const Values to(view);
  for (std::int64_t c = 0; to.present() && c < to.count(); ++c) {
    double sum = 0;
    for (std::int64_t cell = c; cell < cells; cell += to.count()) sum += below[cell];
    to.set(c, sum);
  }
}

}  // namespace

void filter_response_norm(TensorView y, ConstTensorView x, const FilterResponseNormOptions& o,
                          const FilterResponseNormResults& r, Context& context) {
  Call call("filter_response_norm", y, x, context);
  const Dims axes = begin(call, o);
  call.affine(o.gamma, o.beta, {axes[1]});
  call.result("rstd", r.rstd, call.sizes_of(axes), DType::f64);
  const RmsMerge merge(deviation_of(o), r.rstd);
  Job& job = call.job();
  job.statistic = Statistic::power;
  job.merge = &merge;
  execute(job, context);
  if (!o.threshold.present()) return;
  const Values threshold(o.threshold);
  for_each_cell(job, context, [&](const Offsets& base, const Partition& inner) {
    const double tau = threshold.get(base.cell % threshold.count());
    for_each_offset(base, inner, [&](const Offsets& at) {
      if (element_at(job.y.data(), job.y.dtype(), at.y) < tau) set_y(job, at, tau);
    });
  });
}

void filter_response_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                   const FilterResponseNormResults& saved, const FilterResponseNormOptions& o,
                                   Context& context) {
  Call call("filter_response_norm", gradients.dx, dy, x, context);
  const Dims axes = begin(call, o), cells = call.sizes_of(axes);
  call.affine_gradients(o.gamma, gradients, {axes[1]});
  call.operand("beta", o.beta, call.sizes_of({axes[1]}));
  call.gradient("dthreshold", gradients.dthreshold, call.sizes_of({axes[1]}), gradients.dgamma);
  if (gradients.dthreshold.present() && !o.threshold.present()) {
    call.fail(Code::usage, "dthreshold", "none where there is no threshold", "one");
  }
  const TensorView rstd = rms_of(call, saved.rstd, cells, deviation_of(o));
  if (o.threshold.present() && !context.explain_only) {
    double* below = call.memory(cells.product());
    std::fill_n(below, cells.product(), 0.0);
    gate(call, o, rstd, below);
    store_threshold(gradients.dthreshold, below, cells.product());
  }
  run_backward(call, Statistic::power, NormalizeDerivative(deviation_of(o), {}, rstd));
}

}  // namespace poise
