// The table's row of adaptive instance norm.

#include <poise/adaptive_instance_norm.h>
#include <poise/technique.h>

#include "techniques/affine.h"
#include "techniques/describe.h"

namespace poise {
namespace {

AdaptiveInstanceNormOptions options_of(const Parameters& p) {
  AdaptiveInstanceNormOptions o{.style = p.style,
                                .style_mean = p.style_mean,
                                .style_std = p.style_std,
                                .labels = p.labels,
                                .style_labels = p.style_labels,
                                .label_count = p.label_count,
                                .alpha = p.blend,
                                .eps_place = p.eps_place,
                                .divisor = p.style_divisor};
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::style,  &d::style_mean,   &d::style_std,     &d::blend,
                                           &d::eps,    &d::eps_place,    &d::style_divisor, &d::channel_axis,
                                           &d::labels, &d::style_labels, &d::label_count};
constexpr const char* results[] = {"mean", "rstd", "style_mean", "style_std"};
constexpr const char* gradients[] = {"dx", "dstyle", "dstyle_mean", "dstyle_std"};

}  // namespace

extern const Technique adaptive_instance_norm_technique;  // the table names it
const Technique adaptive_instance_norm_technique = {
    .name = "adaptive_instance_norm",
    .title = "Adaptive instance normalization",
    .formula = "y = alpha * (std_s * (x - mean_x) * r(var_x) + mean_s) + (1 - alpha) * x",
    .paper = "Huang, Belongie 2017, arXiv:1703.06868",
    .cell = "one channel of one sample",
    .use = "style transfer: content takes the style's mean and deviation, channel by channel",
    .beware = "ports differ in the divisor (n - 1 here) and the eps of the style's deviation",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axes =
              front_axes("adaptive_instance_norm", "channel_axis", {0, options_of(p).channel_axis}, x.size());
          return shape_among("adaptive_instance_norm", operand,
                             {{"mean rstd style_mean style_std", segment_shape(sizes_at(x, axes), p)},
                              {"style labels style_labels", x}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          adaptive_instance_norm(y, x, options_of(p), {r.mean, r.rstd, r.style_mean, r.style_std}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          adaptive_instance_norm_backward(g, dy, x, {s.mean, s.rstd, {}, {}}, options_of(p), context);
        }};

}  // namespace poise
