// The table's row of filter response norm.

#include <poise/filter_response_norm.h>
#include <poise/technique.h>

#include "techniques/describe.h"

namespace poise {
namespace {

FilterResponseNormOptions options_of(const Parameters& p) {
  FilterResponseNormOptions o{.gamma = p.gamma, .beta = p.beta, .threshold = p.threshold, .eps_place = p.eps_place};
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::gamma, &d::beta,      &d::threshold,
                                           &d::eps,   &d::eps_place, &d::channel_axis};
constexpr const char* results[] = {"rstd"};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta", "dthreshold"};

}  // namespace

extern const Technique filter_response_norm_technique;  // the table names it
const Technique filter_response_norm_technique = {
    .name = "filter_response_norm",
    .title = "Filter response normalization",
    .formula = "y = max(gamma_c * x * r(mean of x^2) + beta_c, tau_c)",
    .paper = "Singh, Krishnan 2020, arXiv:1911.09737",
    .cell = "one channel of one sample",
    .use = "convolutional networks without a batch: batch size 1",
    .beware = "needs its threshold in place of ReLU, and a warm-up of the learning rate",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axes =
              front_axes("filter_response_norm", "channel_axis", {0, options_of(p).channel_axis}, x.size());
          return shape_among("filter_response_norm", operand,
                             {{"gamma beta threshold", sizes_at(x, {axes[1]})}, {"rstd", sizes_at(x, axes)}});
        },
    .run = [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r,
              Context& context) { filter_response_norm(y, x, options_of(p), {r.rstd}, context); },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) { filter_response_norm_backward(g, dy, x, {s.rstd}, options_of(p), context); }};

}  // namespace poise
