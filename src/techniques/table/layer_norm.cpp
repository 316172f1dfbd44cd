// The table's row of layer norm.

#include <poise/layer_norm.h>
#include <poise/technique.h>

#include "techniques/affine.h"
#include "techniques/row_axes.h"

namespace poise {
namespace {

LayerNormOptions options_of(const Parameters& p) {
  LayerNormOptions o{.gamma_axes = p.gamma_axes,
                     .gamma = p.gamma,
                     .beta = p.beta,
                     .gamma_offset = p.gamma_offset,
                     .mask = mask_of(p),
                     .epilogue = epilogue_of(p),
                     .eps_place = p.eps_place,
                     .divisor = p.divisor};
  o.non_finite = p.non_finite;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.axes.empty()) o.axes = p.axes;
  return o;
}

constexpr const Parameter* parameters[] = {
    &describe::gamma,      &describe::beta,    &describe::eps,         &describe::eps_place,
    &describe::divisor,    &describe::axes,    &describe::gamma_axes,  &describe::gamma_offset,
    &describe::mask,       &describe::lengths, &describe::length_axis, &describe::non_finite,
    &describe::activation, &describe::slope,   &describe::residual,    &describe::residual_after,
    &describe::y,          &describe::masked};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};
constexpr const char* results[] = {"mean", "rstd"};

}  // namespace

extern const Technique layer_norm_technique;  // the table names it
const Technique layer_norm_technique = {
    .name = "layer_norm",
    .title = "Layer normalization",
    .formula = "y = gamma * (x - mean) * r(var) + beta",
    .paper = "Ba, Kiros, Hinton 2016, arXiv:1607.06450",
    .cell = "a row: all indices of the reduced axes",
    .use = "transformers, recurrent nets, any batch size; training and evaluation are the same",
    .beware = "rows of under about 20 features; which axes are reduced and which carry gamma",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const LayerNormOptions o = options_of(p);
          return row_shape("layer_norm", operand, x, o.axes, o.gamma_axes);
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          layer_norm(y, x, options_of(p), {r.mean, r.rstd, r.non_finite}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          layer_norm_backward(g, dy, x, {s.mean, s.rstd}, options_of(p), context);
        }};

}  // namespace poise
