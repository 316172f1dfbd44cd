// The table's rows of Lp norm and clipping.

#include <poise/lp_norm.h>
#include <poise/technique.h>

#include "techniques/describe.h"

namespace poise {
namespace {

LpNormOptions options_of(const Parameters& p) {
  LpNormOptions o{.p = p.p};
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.axes.empty()) o.axes = p.axes;
  return o;
}

// low and high are input scaling's too, whose defaults are 0 and 1.
ClipOptions clip_options_of(const Parameters& p) {
  const Parameters defaults;
  const bool said = p.low != defaults.low || p.high != defaults.high;
  return said ? ClipOptions{p.low, p.high} : ClipOptions{};
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::p, &d::eps, &d::axes};
constexpr const Parameter* clip_parameters[] = {&d::low, &d::high};
constexpr const char* results[] = {"norm"};
constexpr const char* gradients[] = {"dx"};

}  // namespace

extern const Technique lp_norm_technique, clip_technique;  // the table names them
const Technique lp_norm_technique = {
    .name = "lp_norm",
    .title = "Lp normalization",
    .formula = "y = x / max(||x||_p, eps)",
    .paper = "",
    .cell = "all indices of the reduced axes",
    .use = "embeddings and feature vectors of length 1; p = 1: shares of a whole",
    .beware = "a vector of zeros stays zeros; frameworks put eps inside, outside or nowhere",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims front = front_axes("lp_norm", "axes", options_of(p).axes, x.size());
          return shape_among("lp_norm", operand, {{"norm", sizes_at(x, other_axes(front, x.size()))}});
        },
    .run = [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r,
              Context& context) { lp_norm(y, x, options_of(p), {r.norm}, context); },
    .gradients = gradients,
    .run_backward = [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results&,
                       Context& context) { lp_norm_backward(g, dy, x, options_of(p), context); }};

const Technique clip_technique = {
    .name = "clip",
    .title = "Clipping of weights",
    .formula = "y = min(max(w, low), high)",
    .paper = "Arjovsky, Chintala, Bottou 2017, arXiv:1701.07875",
    .cell = "none",
    .use = "Wasserstein GANs: weights of the critic held to a box",
    .beware = "a constraint applied after the optimizer's step; a gradient penalty is usually better",
    .parameters = clip_parameters,
    .results = {},
    .shape_of = [](std::string_view operand, const Dims&,
                   const Parameters&) { return shape_among("clip", operand, {}); },
    .run = [](TensorView y, ConstTensorView x, const Parameters& p, const Results&,
              Context& context) { clip(y, x, clip_options_of(p), context); },
    .gradients = gradients,
    .run_backward = [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results&,
                       Context& context) { clip_backward(g, dy, x, clip_options_of(p), context); }};

}  // namespace poise
