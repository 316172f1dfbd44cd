// The backward oracles of the techniques derived from the classic five, and of those of weights.

#include <cmath>
#include <utility>

#include "oracle_backward_parts.h"
#include "oracle_derived.h"
#include "tolerance.h"

namespace poise::test::oracle {
namespace {

// dgamma and dbeta of a technique that has neither are not looked at.
ExpectedGradients backward_of_x(const Array& x, const Array& dy, const Cells& cells, const std::vector<Slope>& slopes) {
  return backward(x, dy, cells, slopes, {{Array(Dims{}, 1), {}}, Keys(x.size()), Dims{1}});
}

}  // namespace

ExpectedGradients mean_variance_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Cells cells = mean_variance_cells(x.sizes, p);
  const Center o = mean_variance_options(p);
  auto slopes = measured(x, cells, o.divisor, o.eps, o.place);
  for (Slope& s : slopes) {
    if (p.normalize_variance) continue;
    s.affine = {};  // the derivative of x - mean knows nothing of x
    s.constant = true;
  }
  return backward_of_x(x, dy, cells, slopes);
}

// The corrections are constants: k is batch norm's, the affine has them in it.
ExpectedGradients batch_renorm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channels = positive(p.channel_axes.empty() ? Dims{1} : p.channel_axes, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, channels);
  auto slopes = measured(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  std::vector<Correction> corrections;
  const auto affine = renormalizing(x, cells, p, corrections);
  for (std::size_t c = 0; c < slopes.size(); ++c) {
    const Real center_error = slopes[c].affine.center_error;
    slopes[c].affine = affine[c];
    slopes[c].affine.center_error = center_error;
    slopes[c].affine.scale_error += 2 * w;  // one float64 rstd and r go from forward to backward
  }
  return backward(x, dy, cells, slopes, operands(p, x.sizes, channels));
}

ExpectedGradients ghost_batch_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Cells cells = ghost_cells(x.sizes, p);
  const auto slopes = measured(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x.sizes, {channel_axis(p, x.sizes.size())}));
}

// r(n*v): 2r'/r has a factor n. r(v)/sqrt(n): that of r(v).
ExpectedGradients weight_standardization_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims filters = filter_axis(p, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, filters);
  const Center o = filter_options(p);
  std::vector<Slope> slopes;
  for (const Moment& m : moments(x, cells)) {
    const Real v = m.variance(o.divisor), v_error = variance_error(x.type, m.n, m.sd(), m.farthest);
    const bool inside = o.fan_in == FanIn::variance;
    CellAffine affine = normalizing(m, x.type, o.divisor, o.eps, o.place);
    affine.scale = reciprocal_deviation(inside ? m.n * v : v, o.eps, o.place);
    Slope s = slope_of(affine, m.n, m.divisor(o.divisor), inside ? m.n * v : v, v_error, o.eps, o.place);
    if (inside) s.k *= m.n;
    s.affine.scale = filter_deviation(o, m.n, v);
    if (o.fan_in != FanIn::none) {
      s.affine.scale_error += growth_of_sums(0);
      s.k_error += growth_of_sums(0);
    }
    slopes.push_back(s);
  }
  return backward(x, dy, cells, slopes, operands(p, x.sizes, filters));
}

namespace {

// scale = limit/norm: a = -s1/norm^2; a constant scale of 1 within the limit, and nothing at a norm of 0.
std::vector<Slope> by_norm(const Array& x, const Cells& cells, Real limit) {
  std::vector<Slope> slopes;
  for (const Square& square : squares(x, cells)) {
    const Real norm = std::sqrt(square.sum), g = growth_of_sums(x.type, square.n);
    Slope s;
    s.m = square.n;
    s.centered = false;
    s.affine.scale = norm == 0 ? 0 : 1 / norm;
    s.affine.scale_error = g;
    s.k = norm == 0 ? 0 : -1 / square.sum;
    s.k_error = 2 * g;
    if (limit > 0) s.affine.scale = norm <= limit ? 1 : limit / norm;
    if (limit > 0 && norm <= limit) s.affine.scale_error = 0, s.constant = true;
    slopes.push_back(s);
  }
  return slopes;
}

}  // namespace

ExpectedGradients weight_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims kept = kept_axes(p, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, kept);
  return backward(x, dy, cells, by_norm(x, cells, 0), operands(p, x.sizes, kept));
}

ExpectedGradients max_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Cells cells = cells_keeping(x.sizes, kept_axes(p, x.sizes.size()));
  return backward_of_x(x, dy, cells, by_norm(x, cells, static_cast<Real>(p.limit)));
}

// P_c = gamma*sum dy*x, dG_c = P_c/M - sum(P_c*G_c)/(C*M^2), a = dG/G. Errors: P by g of its absolute terms; G and M by
// g and the mean's own growth each.
ExpectedGradients global_response_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channel{channel_axis(p, x.sizes.size())};
  const Cells cells = response_cells(x.sizes, p);
  const auto all = responses(x, cells, p);
  const OperandKeys o = operands(p, x.sizes, channel, 0);
  std::vector<Real> sum(all.size()), most(all.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    sum[cells.of[i]] += o.gamma[i] * dy[i] * x[i];
    most[cells.of[i]] += std::fabs(o.gamma[i] * dy[i] * x[i]);
  }
  const auto channels = static_cast<std::size_t>(cells.shape[cells.shape.size() - 1]);
  std::vector<Slope> slopes;
  for (std::size_t c = 0; c < all.size(); ++c) {
    const Response& r = all[c];
    const Real share = 1 / (static_cast<Real>(channels) * r.mean * r.mean);
    Real coupled = 0, coupled_most = 0;
    for (std::size_t other = c / channels * channels; other < (c / channels + 1) * channels; ++other) {
      coupled += sum[other] * all[other].g * share;
      coupled_most += most[other] * all[other].g * share;
    }
    Slope s;
    s.affine = {0, 0, r.scale, 0, r.error, 0, 1};
    s.m = r.n;
    s.centered = false;
    s.has_a = true;
    s.a = r.g == 0 ? 0 : (sum[c] / r.mean - coupled) / r.g;
    s.a_error = r.g == 0 ? 0 : (most[c] / r.mean + coupled_most) / r.g * 5 * r.error;
    slopes.push_back(s);
  }
  return backward(x, dy, cells, slopes, o);
}

namespace {

// dmean_s = alpha*sum dy, dstd_s = alpha*sum dy*(x - mean)*r, with how far each may move.
struct StyleGradients {
  Statistic mean, std;
};

StyleGradients style_gradients(const Array& x, const Array& dy, const Cells& cells, const std::vector<Slope>& own,
                               Real alpha) {
  const auto sums = sums_of(x, dy, cells, own, {Array(Dims{}, 1), {}});
  StyleGradients g{{Array(cells.shape), {}}, {Array(cells.shape), {}}};
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const CellAffine& a = own[c].affine;
    const Real growth = growth_of_sums(own[c].m);
    g.std.value[c] = alpha * sums[c].s1;
    g.std.error.push_back(alpha * (sums[c].abs1 * (growth + a.scale_error) + sums[c].abs0 * a.center_error));
    g.mean.error.push_back(0);
  }
  for (std::size_t i = 0; i < dy.size(); ++i) {
    g.mean.value[cells.of[i]] += alpha * dy[i];
    g.mean.error[cells.of[i]] += alpha * std::fabs(dy[i]) * growth_of_sums(own[cells.of[i]].m);
  }
  return g;
}

// dstyle = dmean_s/n + dstd_s*(2/d)*(dstd/dvar)*(s - mean_s), 2*dstd/dvar = -(2r'/r)/r; mapped as y is.
Statistic features_gradient(const Parameters& p, const StyleGradients& g) {
  const Array s = read(p.style);
  const Cells cells =
      by_label(cells_keeping(s.sizes, {0, channel_axis(p, s.sizes.size())}), s.sizes, p.style_labels, p);
  const auto slopes = measured(s, cells, p.style_divisor, eps_or(p, 1e-5), p.eps_place);
  Statistic result{Array(s.sizes), {}};
  for (std::size_t i = 0; i < s.size(); ++i) {
    const std::size_t c = cells.of[i];
    const Slope& slope = slopes[c];
    const CellAffine& a = slope.affine;
    const Real k = a.scale == 0 ? 0 : -slope.k / a.scale;
    const Real distance = (s[i] - a.first) - a.offset;
    const Real shift = g.mean.value[c] / slope.m, t = g.std.value[c] * k * distance;
    const Real growth = g.mean.error[c] / slope.m + g.std.error[c] * std::fabs(k * distance) +
                        std::fabs(g.std.value[c] * k) * a.center_error +
                        std::fabs(t) * (slope.k_error + a.scale_error + growth_of_sums(0));
    result.value[i] = t + shift;
    result.error.push_back(map_bound(s.type, t, shift, growth));
  }
  return result;
}

}  // namespace

ExpectedGradients adaptive_instance_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Cells cells = by_label(cells_keeping(x.sizes, {0, channel_axis(p, x.sizes.size())}), x.sizes, p.labels, p);
  const auto own = measured(x, cells, p.style_divisor, eps_or(p, 1e-5), p.eps_place);
  const auto style = style_of(p, cells);
  std::vector<CellAffine> affine;
  for (const Slope& s : own) affine.push_back(s.affine);
  const auto adapted = adapting(affine, style, static_cast<Real>(p.blend));
  auto slopes = own;
  for (std::size_t c = 0; c < slopes.size(); ++c) slopes[c].affine = adapted[c];
  ExpectedGradients e = backward_of_x(x, dy, cells, slopes);
  const StyleGradients g = style_gradients(x, dy, cells, own, static_cast<Real>(p.blend));
  e.gradients["dstyle_mean"] = g.mean;
  e.gradients["dstyle_std"] = g.std;
  if (p.style.present()) e.gradients["dstyle"] = features_gradient(p, g);
  return e;
}

}  // namespace poise::test::oracle
