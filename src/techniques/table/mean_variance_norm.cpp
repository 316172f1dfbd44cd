// The table's row of mean-variance norm.

#include <poise/mean_variance_norm.h>
#include <poise/technique.h>

#include "techniques/describe.h"
#include "techniques/row_axes.h"

namespace poise {
namespace {

MeanVarianceNormOptions options_of(const Parameters& p) {
  MeanVarianceNormOptions o{.normalize_variance = p.normalize_variance, .divisor = p.divisor};
  // Its own default place, outside, is taken where neither eps nor place is said.
  if (p.eps >= 0) {
    o.eps = p.eps;
    o.eps_place = p.eps_place;
  } else if (p.eps_place != EpsPlace::inside) {
    o.eps_place = p.eps_place;
  }
  if (!p.axes.empty()) o.axes = p.axes;
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::eps, &d::eps_place, &d::divisor, &d::axes, &d::normalize_variance};
constexpr const char* results[] = {"mean", "rstd"};
constexpr const char* gradients[] = {"dx"};

}  // namespace

extern const Technique mean_variance_norm_technique;  // the table names it
const Technique mean_variance_norm_technique = {
    .name = "mean_variance_norm",
    .title = "Mean-variance normalization",
    .formula = "y = (x - mean) * r(var)",
    .paper = "",
    .cell = "all indices of the reduced axes",
    .use = "standardizing inputs inside a network, as ONNX and Caffe do",
    .beware = "no learned scale; statistics of the batch in evaluation too",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const bool none = operand == "gamma" || operand == "beta" || operand == "mask";
          return row_shape("mean_variance_norm", none ? "" : operand, x, options_of(p).axes, {});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          mean_variance_norm(y, x, options_of(p), {r.mean, r.rstd}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          mean_variance_norm_backward(g, dy, x, {s.mean, s.rstd}, options_of(p), context);
        }};

}  // namespace poise
