// The table's row of instance norm.

#include <poise/instance_norm.h>
#include <poise/technique.h>

#include "techniques/affine.h"
#include "techniques/describe.h"
#include "techniques/running.h"

namespace poise {
namespace {

InstanceNormOptions options_of(const Parameters& p) {
  const bool trains = p.mode == BatchNormMode::training;
  InstanceNormOptions o{.mode = trains ? InstanceNormMode::training : InstanceNormMode::evaluation,
                        .gamma = p.gamma,
                        .beta = p.beta,
                        .gamma_axes = p.gamma_axes,
                        .gamma_offset = p.gamma_offset,
                        .mask = mask_of(p),
                        .epilogue = epilogue_of(p)};
  take_running(o, p);
  o.eps_place = p.eps_place;
  o.divisor = p.divisor;
  o.one_value = p.one_value;
  o.non_finite = p.non_finite;
  o.labels = p.labels;
  o.label_count = p.label_count;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::gamma,        &d::beta,           &d::gamma_axes_or_channels,
                                           &d::gamma_offset, &d::mask,           &d::lengths,
                                           &d::length_axis,  &d::non_finite,     &d::labels,
                                           &d::label_count,  &d::activation,     &d::slope,
                                           &d::residual,     &d::residual_after, &d::y,
                                           &d::masked,       &d::one_value,      &d::eps,
                                           &d::eps_place,    &d::divisor,        &d::mode,
                                           &d::channel_axis, &d::running_mean,   &d::running_var,
                                           &d::momentum,     &d::running_divisor};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};
constexpr const char* results[] = {"mean", "rstd", "running_mean", "running_var"};

}  // namespace

extern const Technique instance_norm_technique;  // the table names it
const Technique instance_norm_technique = {
    .name = "instance_norm",
    .title = "Instance normalization",
    .formula = "y = gamma_c * (x - mean_nc) * r(var_nc) + beta_c",
    .paper = "Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022",
    .cell = "one channel of one sample",
    .use = "style transfer and image generation: removes the contrast of each image",
    .beware = "never in a first block that must keep style, contrast or brightness",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axes = front_axes("instance_norm", "channel_axis", {0, options_of(p).channel_axis}, x.size());
          return shape_among("instance_norm", operand,
                             {{"gamma beta", gamma_shape(options_of(p), "instance_norm", x, {axes[1]})},
                              {"running_mean running_var", sizes_at(x, {axes[1]})},
                              {"mean rstd", segment_shape(sizes_at(x, axes), p)},
                              {"mask labels residual residual_after y", x}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          instance_norm(y, x, options_of(p), {r.mean, r.rstd, r.running_mean, r.running_var, r.non_finite}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          instance_norm_backward(g, dy, x, {s.mean, s.rstd}, options_of(p), context);
        }};

}  // namespace poise
