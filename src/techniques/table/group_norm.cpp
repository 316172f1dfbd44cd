// The table's row of group norm.

#include <poise/group_norm.h>
#include <poise/technique.h>

#include "techniques/affine.h"
#include "techniques/describe.h"
#include "techniques/normalize.h"

namespace poise {
namespace {

GroupNormOptions options_of(const Parameters& p) {
  GroupNormOptions o{.groups = p.groups,
                     .gamma = p.gamma,
                     .beta = p.beta,
                     .gamma_axes = p.gamma_axes,
                     .gamma_offset = p.gamma_offset,
                     .mask = mask_of(p),
                     .epilogue = epilogue_of(p),
                     .eps_place = p.eps_place,
                     .divisor = p.divisor};
  o.one_value = p.one_value;
  o.non_finite = p.non_finite;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

constexpr const Parameter* parameters[] = {&describe::gamma,
                                           &describe::beta,
                                           &describe::gamma_axes_or_channels,
                                           &describe::gamma_offset,
                                           &describe::mask,
                                           &describe::lengths,
                                           &describe::length_axis,
                                           &describe::non_finite,
                                           &describe::activation,
                                           &describe::slope,
                                           &describe::residual,
                                           &describe::residual_after,
                                           &describe::y,
                                           &describe::masked,
                                           &describe::one_value,
                                           &describe::eps,
                                           &describe::eps_place,
                                           &describe::divisor,
                                           &describe::groups,
                                           &describe::channel_axis};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};
constexpr const char* results[] = {"mean", "rstd"};

}  // namespace

extern const Technique group_norm_technique;  // the table names it
const Technique group_norm_technique = {
    .name = "group_norm",
    .title = "Group normalization",
    .formula = "y = gamma_c * (x - mean_ng) * r(var_ng) + beta_c",
    .paper = "Wu, He 2018, arXiv:1803.08494",
    .cell = "one sample's group of C/groups channels",
    .use = "convolutional networks with small batches: detection, segmentation, video, diffusion",
    .beware = "groups must divide the channels; few channels a group approach instance norm",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const GroupNormOptions o = options_of(p);
          const Dims axes = front_axes("group_norm", "channel_axis", {0, o.channel_axis}, x.size());
          return shape_among("group_norm", operand,
                             {{"gamma beta", gamma_shape(o, "group_norm", x, {axes[1]})},
                              {"mean rstd", {x[0], o.groups}},
                              {"mask residual residual_after y", x}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          group_norm(y, x, options_of(p), {r.mean, r.rstd, r.non_finite}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          group_norm_backward(g, dy, x, {s.mean, s.rstd}, options_of(p), context);
        }};

}  // namespace poise
