// The oracles of Lp norm, clipping and filter response norm, forward and backward.

#include <cmath>

#include "oracle_backward_parts.h"
#include "tolerance.h"

namespace poise::test::oracle {
namespace {

Cells rows_of(const Array& x, const Parameters& p) {
  const int rank = x.sizes.size();
  return cells_keeping(x.sizes, other_axes(positive(p.axes.empty() ? Dims{-1} : p.axes, rank), rank));
}

std::vector<Real> norms(const Array& x, const Cells& cells, Real p) {
  std::vector<Real> sums(cells.count());
  for (std::size_t i = 0; i < x.size(); ++i) {
    Real& sum = sums[cells.of[i]];
    const Real v = std::fabs(x[i]);
    if (std::isinf(p)) {
      sum = std::isnan(v) || std::isnan(sum) ? v + sum : std::max(sum, v);
    } else {
      sum += std::pow(v, p);
    }
  }
  if (!std::isinf(p))
    for (Real& sum : sums) sum = std::pow(sum, 1 / p);
  return sums;
}

// Scaling, the power and the root are each good to a few roundings beyond the sum's.
Real norm_error(const Array& x, const Cells& cells) {
  const Real n = cells.count() == 0 ? 0 : static_cast<Real>(x.size()) / static_cast<Real>(cells.count());
  return 2 * growth_of_sums(x.type, n);
}

Real lp_slope(Real x, Real n, Real p, Real largest) {
  const Real sign = x < 0 ? -1 : x > 0 ? 1 : 0;
  if (std::isinf(p)) return std::fabs(x) == n ? sign / largest : 0;
  return sign * std::pow(std::fabs(x) / n, p - 1);
}

Dims frn_cells(const Array& x, const Parameters& p) {
  return {0, positive(p.channel_axes.empty() ? 1 : static_cast<int>(p.channel_axes[0]), x.sizes.size())};
}

}  // namespace

// y = x / max(||x||_p, eps).
Expected lp_norm(const Array& x, const Parameters& p) {
  const Cells cells = rows_of(x, p);
  const auto n = norms(x, cells, static_cast<Real>(p.p));
  const Real eps = eps_or(p, 0);
  std::vector<CellAffine> affine;
  Statistic norm{Array(cells.shape), {}};
  for (const Real value : n) {
    const Real divisor = value < eps ? eps : value;
    norm.value[affine.size()] = value;
    norm.error.push_back(value * norm_error(x, cells));
    affine.push_back({0, 0, divisor == 0 ? 0 : 1 / divisor, 0, norm_error(x, cells)});
  }
  Expected e = apply(x, cells, affine, {Array(Dims{}, 1), {}}, {Array(Dims{}, 0), {}});
  e.results["norm"] = norm;
  return e;
}

ExpectedGradients lp_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Cells cells = rows_of(x, p);
  const auto exponent = static_cast<Real>(p.p), eps = eps_or(p, 0);
  const auto n = norms(x, cells, exponent);
  std::vector<Real> sum(n.size()), absolute(n.size()), largest(n.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = cells.of[i];
    sum[c] += dy[i] * x[i];
    absolute[c] += std::fabs(dy[i] * x[i]);
    largest[c] += std::fabs(x[i]) == n[c] ? 1 : 0;
  }
  ExpectedGradients e;
  e.x = x.type;
  e.dx = Array(x.sizes, 0, x.type);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = cells.of[i];
    const Real divisor = n[c] < eps ? eps : n[c];
    const Real from = divisor == 0 ? 0 : dy[i] / divisor;
    const bool varies = n[c] >= eps && n[c] != 0;
    const Real slope = varies ? lp_slope(x[i], n[c], exponent, largest[c]) / (n[c] * n[c]) : 0;
    e.dx[i] = from - sum[c] * slope;
    e.terms.push_back(std::fabs(from) + std::fabs(sum[c] * slope));
    // The norm enters up to exponent + 2 times.
    const Real g = (std::isinf(exponent) ? 3 : exponent + 3) * norm_error(x, cells);
    e.growth.push_back(g * (std::fabs(from) + absolute[c] * std::fabs(slope)));
  }
  return e;
}

// y = min(max(w, low), high); the table's low and high are input scaling's, whose own defaults are 0 and 1.
Expected clip(const Array& x, const Parameters& p) {
  const bool said = p.low != 0 || p.high != 1;
  const Real low = said ? static_cast<Real>(p.low) : -1, high = static_cast<Real>(p.high);
  Expected e;
  e.x = x.type;
  e.y = Array(x.sizes);
  for (std::size_t i = 0; i < x.size(); ++i) {
    e.y[i] = x[i] < low ? low : x[i] > high ? high : x[i];
    e.t.push_back(e.y[i]);
    e.shift.push_back(0);
    e.growth.push_back(0);
  }
  return e;
}

ExpectedGradients clip_backward(const Array& x, const Array& dy, const Parameters& p) {
  const bool said = p.low != 0 || p.high != 1;
  const Real low = said ? static_cast<Real>(p.low) : -1, high = static_cast<Real>(p.high);
  ExpectedGradients e;
  e.x = x.type;
  e.dx = Array(x.sizes, 0, x.type);
  for (std::size_t i = 0; i < x.size(); ++i) {
    e.dx[i] = std::isnan(x[i]) ? x[i] : x[i] < low || x[i] > high ? 0 : dy[i];
    e.terms.push_back(std::fabs(e.dx[i]));
    e.growth.push_back(0);
  }
  return e;
}

// y = max(gamma * x * r(mean of x^2) + beta, tau).
Expected filter_response_norm(const Array& x, const Parameters& p) {
  const Dims kept = frn_cells(x, p);
  const Cells cells = cells_keeping(x.sizes, kept);
  std::vector<CellAffine> affine;
  for (const Slope& s : about_zero(x, cells, eps_or(p, 1e-6), p.eps_place)) {
    affine.push_back({0, 0, s.affine.scale, 0, s.affine.scale_error});
  }
  const Dims channel = {kept[1]};
  Expected e = apply(x, cells, affine, along(p.gamma, x.sizes, channel, 1), along(p.beta, x.sizes, channel, 0));
  give_mean_and_rstd(e, cells, affine);
  e.results.erase("mean");
  if (!p.threshold.present()) return e;
  const PerElement tau = along(p.threshold, x.sizes, channel, 0);
  for (std::size_t i = 0; i < x.size(); ++i) e.y[i] = e.y[i] < tau[i] ? tau[i] : e.y[i];
  return e;
}

ExpectedGradients filter_response_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims kept = frn_cells(x, p), channel = {kept[1]};
  const Cells cells = cells_keeping(x.sizes, kept);
  const auto slopes = about_zero(x, cells, eps_or(p, 1e-6), p.eps_place);
  const OperandKeys o = operands(p, x.sizes, channel);
  const PerElement beta = along(p.beta, x.sizes, channel, 0), tau = along(p.threshold, x.sizes, channel, 0);
  Array passed = dy;
  Statistic below{Array(o.shape), {}};
  below.error.resize(below.value.size());
  for (std::size_t i = 0; i < x.size() && p.threshold.present(); ++i) {
    if (!(o.gamma[i] * slopes[cells.of[i]].affine.scale * x[i] + beta[i] <= tau[i])) continue;
    below.value[o.keys[i]] += dy[i];
    below.error[o.keys[i]] += growth_of_sums(static_cast<Real>(x.size())) * std::fabs(dy[i]);
    passed[i] = 0;
  }
  ExpectedGradients e = backward(x, passed, cells, slopes, o);
  if (p.threshold.present()) e.gradients["dthreshold"] = below;
  return e;
}

}  // namespace poise::test::oracle
