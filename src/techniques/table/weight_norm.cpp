// The table's rows of weight norm and max-norm.

#include <poise/technique.h>
#include <poise/weight_norm.h>

#include "techniques/describe.h"

namespace poise {
namespace {

// {0} where the user says nothing; -1 alone is no kept axis: one norm for everything.
Dims kept_axes_of(const Parameters& p) {
  if (p.kept_axes.empty()) return {0};
  return p.kept_axes == Dims{-1} ? Dims{} : p.kept_axes;
}

Dims shape(const char* technique, std::string_view operand, std::string_view operands, const Dims& x,
           const Parameters& p) {
  const Dims kept = front_axes(technique, "kept_axes", kept_axes_of(p), x.size());
  return shape_among(technique, operand, {{operands, sizes_at(x, kept)}});
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::gamma, &d::kept_axes};
constexpr const Parameter* max_parameters[] = {&d::kept_axes, &d::limit};
constexpr const char* results[] = {"norm"};
constexpr const char* gradients[] = {"dx", "dgamma"};
constexpr const char* max_gradients[] = {"dx"};

}  // namespace

extern const Technique weight_norm_technique, max_norm_technique;  // the table names them
const Technique weight_norm_technique = {
    .name = "weight_norm",
    .title = "Weight normalization",
    .formula = "y = g * v / ||v||",
    .paper = "Salimans, Kingma 2016, arXiv:1602.07868",
    .cell = "each index of the kept axes",
    .use = "recurrent nets, generative models, vocoders: length and direction of weights learned apart",
    .beware = "the initial g is ||v||, or the first output is another one; weight decay acts on v",
    .parameters = parameters,
    .results = results,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return shape("weight_norm", operand, "gamma norm", x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          weight_norm(y, x, {kept_axes_of(p), p.gamma}, {r.norm}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          weight_norm_backward(g, dy, x, {s.norm}, {kept_axes_of(p), p.gamma}, context);
        }};

const Technique max_norm_technique = {
    .name = "max_norm",
    .title = "Max-norm constraint",
    .formula = "y = w * min(1, limit / ||w||)",
    .paper = "Srebro, Shraibman 2005",
    .cell = "each index of the kept axes",
    .use = "keeping weights from growing, with dropout and large learning rates",
    .beware =
        "a constraint applied after the optimizer's step, not a layer: the gradient beyond the limit is its projection",
    .parameters = max_parameters,
    .results = results,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return shape("max_norm", operand, "norm", x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          max_norm(y, x, {kept_axes_of(p), p.limit}, {r.norm}, context);
        },
    .gradients = max_gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          max_norm_backward(g, dy, x, {s.norm}, {kept_axes_of(p), p.limit}, context);
        }};

}  // namespace poise
