// The table's row of batch renormalization.

#include <poise/batch_renorm.h>
#include <poise/technique.h>

#include "techniques/describe.h"
#include "techniques/running.h"

namespace poise {
namespace {

BatchRenormOptions options_of(const Parameters& p) {
  BatchRenormOptions o{.gamma = p.gamma, .beta = p.beta};
  take_running(o, p);
  o.r_max = p.r_max;
  o.d_max = p.d_max;
  o.eps_place = p.eps_place;
  o.divisor = p.divisor;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axes = p.channel_axes;
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {
    &d::gamma,        &d::beta,        &d::eps,      &d::eps_place,       &d::divisor, &d::channel_axes,
    &d::running_mean, &d::running_var, &d::momentum, &d::running_divisor, &d::r_max,   &d::d_max};
constexpr const char* results[] = {"mean", "rstd", "scale", "shift", "running_mean", "running_var"};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};

}  // namespace

extern const Technique batch_renorm_technique;  // the table names it
const Technique batch_renorm_technique = {
    .name = "batch_renorm",
    .title = "Batch renormalization",
    .formula = "y = gamma_c * ((x - mean_c) * rstd_c * r_c + d_c) + beta_c",
    .paper = "Ioffe 2017, arXiv:1702.03275",
    .cell = "a channel of all samples",
    .use = "training with small or dependent batches, close to what evaluation will do",
    .beware = "r_max and d_max start at 1 and 0 and are opened slowly while training",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axes = front_axes("batch_renorm", "channel_axes", options_of(p).channel_axes, x.size());
          return shape_among("batch_renorm", operand,
                             {{"gamma beta running_mean running_var mean rstd scale shift", sizes_at(x, axes)}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          batch_renorm(y, x, options_of(p), {r.mean, r.rstd, r.scale, r.shift, r.running_mean, r.running_var}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          batch_renorm_backward(g, dy, x, {s.mean, s.rstd, s.scale, s.shift, {}, {}}, options_of(p), context);
        }};

}  // namespace poise
