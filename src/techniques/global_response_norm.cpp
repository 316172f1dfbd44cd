// Global response normalization. Woo, Debnath, Hu, Chen, Liu, Kweon, Xie 2023, arXiv:2301.00808.
//
//     y = x + gamma_c * x * N + beta_c      G = sqrt(sum of x^2), N = G / (mean_c G + eps)
//
// x, y: (N, C, ...)   gamma, beta (C)   nothing is kept: backward measures G again
// A cell is a channel of a sample, or of all; the channels of a sample are coupled between measure and map.

#include <poise/global_response_norm.h>

#include <algorithm>

#include "techniques/global_response_norm.h"

namespace poise {
namespace {

Dims cell_axes(const Call& call, const GlobalResponseNormOptions& o) {
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  return o.scope == ResponseScope::sample ? axes : Dims{axes[1]};
}

Responses responses_of(Call& call, const GlobalResponseNormOptions& o, const Dims& axes) {
  const std::int64_t cells = call.sizes_of(axes).product();
  double *g = call.memory(cells), *n = call.memory(cells);
  std::fill_n(g, cells, 0.0);
  std::fill_n(n, cells, 0.0);
  return {call.size(static_cast<int>(axes[axes.size() - 1])), o.eps, g, n};
}

}  // namespace

void global_response_norm(TensorView y, ConstTensorView x, const GlobalResponseNormOptions& o,
                          const GlobalResponseNormResults& results, Context& context) {
  Call call("global_response_norm", y, x, context);
  const Dims axes = cell_axes(call, o), cells = call.sizes_of(axes);
  call.keep(axes);
  call.affine_or(o.gamma, o.beta, {axes[axes.size() - 1]}, 0);
  call.eps(o.eps);
  call.mask(o.mask);
  call.result("scale", results.scale, cells, DType::f64);
  const Responses r = responses_of(call, o, axes);
  const Respond merge(r.n());
  call.job().statistic = Statistic::power;
  call.job().coupling = &r;
  call.job().merge = &merge;
  execute(call.job(), context);
  if (!context.explain_only) Values(results.scale).set_all(r.n());
}

void global_response_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                   const GlobalResponseNormOptions& o, Context& context) {
  Call call("global_response_norm", gradients.dx, dy, x, context);
  const Dims axes = cell_axes(call, o);
  call.keep(axes);
  call.affine_gradients(o.gamma, gradients, {axes[axes.size() - 1]});
  call.absent_gamma(0);
  call.eps(o.eps);
  call.mask(o.mask);
  const Responses r = responses_of(call, o, axes);
  const std::int64_t cells = call.sizes_of(axes).product();
  double *s1 = call.memory(cells), *a = call.memory(cells);
  const ResponseGradients gradients_of(r, s1, a);
  call.job().gradient_coupling = &gradients_of;
  run_backward(call, Statistic::power, gradients_of);
}

}  // namespace poise
