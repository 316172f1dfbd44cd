// The table's row of ghost batch normalization.

#include <poise/ghost_batch_norm.h>
#include <poise/technique.h>

#include "techniques/describe.h"
#include "techniques/running.h"

namespace poise {
namespace {

GhostBatchNormOptions options_of(const Parameters& p) {
  GhostBatchNormOptions o{.ghost_size = p.ghost_size, .gamma = p.gamma, .beta = p.beta};
  take_running(o, p);
  o.eps_place = p.eps_place;
  o.divisor = p.divisor;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {
    &d::gamma,        &d::beta,        &d::eps,      &d::eps_place,       &d::divisor,   &d::channel_axis,
    &d::running_mean, &d::running_var, &d::momentum, &d::running_divisor, &d::ghost_size};
constexpr const char* results[] = {"mean", "rstd", "running_mean", "running_var"};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};

}  // namespace

extern const Technique ghost_batch_norm_technique;  // the table names it
const Technique ghost_batch_norm_technique = {
    .name = "ghost_batch_norm",
    .title = "Ghost batch normalization",
    .formula = "y = gamma_c * (x - mean_gc) * r(var_gc) + beta_c",
    .paper = "Hoffer, Hubara, Soudry 2017, arXiv:1705.08741",
    .cell = "a channel of ghost_size consecutive samples",
    .use = "large batches that shall generalize as small ones do",
    .beware = "the order of samples matters; running statistics move once a ghost batch",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const GhostBatchNormOptions o = options_of(p);
          const Dims axes = front_axes("ghost_batch_norm", "channel_axis", {0, o.channel_axis}, x.size());
          const std::int64_t ghosts = o.ghost_size > 0 ? x[0] / o.ghost_size : 0;
          return shape_among("ghost_batch_norm", operand,
                             {{"gamma beta running_mean running_var", sizes_at(x, {axes[1]})},
                              {"mean rstd", {ghosts, x[static_cast<int>(axes[1])]}}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          ghost_batch_norm(y, x, options_of(p), {r.mean, r.rstd, r.running_mean, r.running_var}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          ghost_batch_norm_backward(g, dy, x, {s.mean, s.rstd}, options_of(p), context);
        }};

}  // namespace poise
