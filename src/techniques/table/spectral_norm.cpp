// The table's row of spectral norm.

#include <poise/spectral_norm.h>
#include <poise/technique.h>

#include "techniques/describe.h"

namespace poise {
namespace {

SpectralNormOptions options_of(const Parameters& p) {
  SpectralNormOptions o{.u = p.u, .v = p.v, .iterations = p.iterations, .order = p.order, .norm_eps = p.norm_eps};
  o.mode = p.mode;
  o.evaluation_iterates = p.evaluation_iterates;
  o.zero_sigma = p.zero_sigma;
  o.exact = p.exact;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::row_axis,   &d::u,     &d::v,
                                           &d::iterations, &d::order, &d::eps,
                                           &d::norm_eps,   &d::mode,  &d::evaluation_iterates,
                                           &d::zero_sigma, &d::exact};
constexpr const char* gradients[] = {"dx"};
constexpr const char* results[] = {"u", "v", "sigma"};

}  // namespace

extern const Technique spectral_norm_technique;  // the table names it
const Technique spectral_norm_technique = {
    .name = "spectral_norm",
    .title = "Spectral normalization",
    .formula = "y = W / (u^T W v)",
    .paper = "Miyato, Kataoka, Koyama, Yoshida 2018, arXiv:1802.05957",
    .cell = "the matrix: rows one axis, columns all others",
    .use = "weights of discriminators and other networks that must be Lipschitz",
    .beware = "bounds the reshaped matrix, not a convolution; one iteration from a random u is 1.3 off",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const Dims axes = front_axes("spectral_norm", "channel_axis", {options_of(p).channel_axis}, x.size());
          const std::int64_t rows = x[static_cast<int>(axes[0])];
          return shape_among(
              "spectral_norm", operand,
              {{"u", {rows}}, {"v", {sizes_at(x, other_axes(axes, x.size())).product()}}, {"sigma", {}}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          spectral_norm(y, x, options_of(p), {r.u, r.v, r.sigma}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          spectral_norm_backward(g, dy, x, {s.u, s.v, s.sigma}, options_of(p), context);
        }};

}  // namespace poise
