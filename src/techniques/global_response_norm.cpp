// Global response normalization. Woo, Debnath, Hu, Chen, Liu, Kweon, Xie 2023, arXiv:2301.00808.
//
//     y = x + gamma_c * x * N + beta_c      G = sqrt(sum of x^2), N = G / (mean_c G + eps)
//
// x, y: (N, C, ...)   gamma, beta (C)   nothing is kept: backward measures G again
// A cell is a channel of a sample, or of all; what couples the channels of a sample is done between two jobs.

#include <poise/global_response_norm.h>

#include <algorithm>

#include "techniques/global_response_norm.h"

namespace poise {
namespace {

Dims cell_axes(const Call& call, const GlobalResponseNormOptions& o) {
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  return o.scope == ResponseScope::sample ? axes : Dims{axes[1]};
}

Responses measure(Call& call, const GlobalResponseNormOptions& o, const Dims& axes) {
  Responses r;
  r.cells = call.sizes_of(axes).product();
  r.channels = call.size(static_cast<int>(axes[axes.size() - 1]));
  r.g = call.memory(r.cells);
  r.n = call.memory(r.cells);
  std::fill_n(r.g, r.cells, 0.0);
  if (!call.empty()) measure_again(call, Statistic::power, Collect(r.g));
  for (std::int64_t first = 0; first < r.cells; first += r.channels) {
    const double m = r.mean(first, o.eps);
    for (std::int64_t i = first; i < first + r.channels; ++i) r.n[i] = m == 0 ? 0 : r.g[i] / m;
  }
  return r;
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
  const Responses r = measure(call, o, axes);
  if (!context.explain_only) Values(results.scale).set_all(r.n);
  const Respond merge(r.n);
  call.job().merge = &merge;
  execute(call.job(), context);
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
  const Responses r = measure(call, o, axes);
  double *s1 = call.memory(r.cells), *a = call.memory(r.cells);
  std::fill_n(s1, r.cells, 0.0);
  Job& job = call.job();
  const bool maps = job.maps;
  const RespondDerivative collect(r.n, s1, nullptr);
  job.maps = false;
  job.statistic = Statistic::power;
  job.derivative = &collect;
  execute(job, context);
  for (std::int64_t first = 0; first < r.cells; first += r.channels) {
    const double m = r.mean(first, o.eps);
    double coupled = 0;
    for (std::int64_t i = first; i < first + r.channels; ++i) coupled += s1[i] * r.g[i];
    for (std::int64_t i = first; i < first + r.channels; ++i) {
      const double dg = s1[i] / m - coupled / (static_cast<double>(r.channels) * m * m);
      a[i] = r.g[i] == 0 ? 0 : dg / r.g[i];
    }
  }
  call.store_gradients();
  if (!maps) return;
  const RespondDerivative map(r.n, nullptr, a);
  job.maps = true;
  job.statistic = Statistic::none;
  job.derivative = &map;
  job.dgamma = job.dbeta = nullptr;
  execute(job, context);
}

}  // namespace poise
