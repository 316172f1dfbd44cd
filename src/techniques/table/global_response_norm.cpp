// The table's row of global response norm.

#include <poise/global_response_norm.h>
#include <poise/technique.h>

#include "techniques/affine.h"
#include "techniques/describe.h"

namespace poise {
namespace {

GlobalResponseNormOptions options_of(const Parameters& p) {
  GlobalResponseNormOptions o{.scope = p.scope, .gamma = p.gamma, .beta = p.beta, .mask = mask_of(p)};
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::gamma,   &d::beta,        &d::eps,          &d::mask, &d::masked,
                                           &d::lengths, &d::length_axis, &d::channel_axis, &d::scope};
constexpr const char* results[] = {"scale"};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};

}  // namespace

extern const Technique global_response_norm_technique;  // the table names it
const Technique global_response_norm_technique = {
    .name = "global_response_norm",
    .title = "Global response normalization",
    .formula = "y = x + gamma_c * x * G / (mean_c G + eps) + beta_c, G = sqrt(sum of x^2)",
    .paper = "Woo et al. 2023, arXiv:2301.00808",
    .cell = "a channel of one sample, then a mean over its channels",
    .use = "ConvNeXt V2 and masked autoencoders: keeps channels from collapsing into one",
    .beware = "absent gamma is 0: the identity; the sparse form sums over the whole batch",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const GlobalResponseNormOptions o = options_of(p);
          const Dims axes = front_axes("global_response_norm", "channel_axis", {0, o.channel_axis}, x.size());
          const Dims channels = sizes_at(x, {axes[1]});
          return shape_among("global_response_norm", operand,
                             {{"gamma beta", channels},
                              {"scale", o.scope == ResponseScope::sample ? sizes_at(x, axes) : channels},
                              {"mask", x}});
        },
    .run = [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r,
              Context& context) { global_response_norm(y, x, options_of(p), {r.scale}, context); },
    .gradients = gradients,
    .run_backward = [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results&,
                       Context& context) { global_response_norm_backward(g, dy, x, options_of(p), context); }};

}  // namespace poise
