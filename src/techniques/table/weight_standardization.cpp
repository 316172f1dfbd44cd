// The table's row of weight standardization.

#include <poise/technique.h>
#include <poise/weight_standardization.h>

#include "techniques/describe.h"

namespace poise {
namespace {

WeightStandardizationOptions options_of(const Parameters& p) {
  WeightStandardizationOptions o;
  if (!p.variant.empty()) o = weight_standardization_variant(p.variant);
  o.gamma = p.gamma;
  o.beta = p.beta;
  // What is said wins over the variant; what is left at its default does not.
  if (p.eps >= 0) o.eps = p.eps;
  if (p.eps_place != EpsPlace::inside) o.eps_place = p.eps_place;
  if (p.divisor != Divisor::population) o.divisor = p.divisor;
  if (p.fan_in != FanIn::none) o.fan_in = p.fan_in;
  if (!p.channel_axes.empty()) o.filter_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::gamma,   &d::beta,   &d::eps,         &d::eps_place,
                                           &d::divisor, &d::fan_in, &d::filter_axis, &d::variant};
constexpr const char* results[] = {"mean", "rstd"};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};

}  // namespace

extern const Technique weight_standardization_technique;  // the table names it
const Technique weight_standardization_technique = {
    .name = "weight_standardization",
    .title = "Weight standardization",
    .formula = "y = gamma_f * (w - mean_f) * r(var_f) + beta_f",
    .paper = "Qiao, Wang, Liu, Shen, Yuille 2019, arXiv:1903.10520",
    .cell = "an output filter",
    .use = "convolutions in front of group norm; networks without batch norm",
    .beware = "seven published variants differ in eps, its place, the divisor and the fan-in",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axis = front_axes("weight_standardization", "filter_axis", {options_of(p).filter_axis}, x.size());
          return shape_among("weight_standardization", operand, {{"gamma beta mean rstd", sizes_at(x, axis)}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          weight_standardization(y, x, options_of(p), {r.mean, r.rstd}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          weight_standardization_backward(g, dy, x, {s.mean, s.rstd}, options_of(p), context);
        }};

}  // namespace poise
