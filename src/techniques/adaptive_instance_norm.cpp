// Adaptive instance normalization. Huang, Belongie 2017, arXiv:1703.06868.
//
//     y = alpha * (std_s * (x - mean_x) * r(var_x) + mean_s) + (1 - alpha) * x
//
// x, y: (N, C, ...)   style (N, C, ...), or style_mean, style_std (N, C)   kept for backward: mean, rstd (N, C)
// A cell is one channel of one sample, or of that the elements of one label; the style's cells are measured alike.

#include <poise/adaptive_instance_norm.h>

#include <algorithm>

#include "techniques/adaptive_segments.h"

namespace poise {
namespace {

Dims begin(Call& call, const AdaptiveInstanceNormOptions& o) {
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  call.keep(axes);
  call.eps(o.eps);
  call.fraction("alpha", o.alpha);
  if (call.elements_a_cell() == 1 && !call.empty()) {
    call.fail(Code::shape, "x", "more than one value per sample and channel", "1");
  }
  return axes;
}

}  // namespace

void adaptive_instance_norm(TensorView y, ConstTensorView x, const AdaptiveInstanceNormOptions& o,
                            const AdaptiveInstanceNormResults& r, Context& context) {
  Call call("adaptive_instance_norm", y, x, context);
  const Dims axes = begin(call, o);
  if (has_labels(call, o)) return adapt_segments(call, o, axes, r);
  const Dims cells = call.sizes_of(axes);
  check_saved(call, r, cells);
  call.result("style_mean", r.style_mean, cells, DType::f64, {r.style_std, r.mean, r.rstd, o.style});
  call.result("style_std", r.style_std, cells, DType::f64, {r.style_mean, r.mean, r.rstd, o.style});
  const Style style = style_of(call, o, axes, deviation_of(o));
  const Normalize normalize(deviation_of(o), r.mean, r.rstd);
  const Adapt merge(normalize, style, o.alpha);
  call.job().statistic = Statistic::moments;
  call.job().merge = &merge;
  execute(call.job(), context);
  if (context.explain_only) return;
  style.copy_to(r.style_mean, r.style_std);
}

void adaptive_instance_norm_backward(const Gradients& g, ConstTensorView dy, ConstTensorView x,
                                     const AdaptiveInstanceNormResults& saved, const AdaptiveInstanceNormOptions& o,
                                     Context& context) {
  Call call("adaptive_instance_norm", g.dx, dy, x, context);
  call.refuse_parameter_gradients(g);
  const Dims axes = begin(call, o);
  if (has_labels(call, o)) return adapt_segments_backward(call, g, o, axes, {saved.mean, saved.rstd});
  const Dims cells = call.sizes_of(axes);
  call.gradient("dstyle_mean", g.dstyle_mean, cells, g.dstyle_std);
  call.gradient("dstyle_std", g.dstyle_std, cells, g.dstyle_mean);
  check_style_gradient(call, g.dstyle, o.style);
  const Style style = style_of(call, o, axes, deviation_of(o));
  const Saved s = saved_or_measured(call, {saved.mean, saved.rstd}, cells, deviation_of(o));
  double *dmean = call.memory(cells.product()), *dstd = call.memory(cells.product());
  std::fill_n(dmean, cells.product(), 0.0);
  std::fill_n(dstd, cells.product(), 0.0);
  run_backward(call, Statistic::moments, AdaptDerivative(deviation_of(o), s, style, o.alpha, dmean, dstd));
  if (context.explain_only) return;
  Values(g.dstyle_mean).set_all(dmean);
  Values(g.dstyle_std).set_all(dstd);
  if (!g.dstyle.present()) return;
  style_gradient(style_job(call, o.style, g.dstyle, axes), style, dmean, dstd, deviation_of(o), context);
}

}  // namespace poise
