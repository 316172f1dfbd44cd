#include "oracle_backward_parts.h"

#include <cmath>
#include <utility>

#include "tolerance.h"

namespace poise::test::oracle {

Real twice_slope(Real v, Real r, Real eps, EpsPlace place) {
  if (place == EpsPlace::inside) return -r * r;
  if (place == EpsPlace::outside) return v > 0 ? -r / std::sqrt(v) : 0;
  return v > eps ? -1 / v : 0;
}

Slope slope_of(CellAffine affine, Real m, Real d, Real v, Real v_error, Real eps, EpsPlace place) {
  affine.center_error += w * std::fabs(affine.center());
  affine.scale_error += w;
  const Real k = d > 0 ? twice_slope(v, affine.scale, eps, place) / d : 0;
  const Real lost = place == EpsPlace::outside && v > 0 ? 4 * w * eps / std::sqrt(v) : 0;
  return {affine, m, k, 2 * v_error + 8 * w + lost};
}

std::vector<Slope> measured(const Array& x, const Cells& cells, Divisor divisor, Real eps, EpsPlace place) {
  std::vector<Slope> slopes;
  for (const Moment& m : moments(x, cells)) {
    slopes.push_back(slope_of(normalizing(m, x.type, divisor, eps, place), m.n, m.divisor(divisor), m.variance(divisor),
                              variance_error(x.type, m.n, m.sd(), m.farthest), eps, place));
  }
  return slopes;
}

std::vector<Slope> about_zero(const Array& x, const Cells& cells, Real eps, EpsPlace place) {
  std::vector<Slope> slopes;
  for (const Square& square : squares(x, cells)) {
    const Real n = square.n, q = n > 0 ? square.sum / n : 0, g = growth_of_sums(x.type, n);
    Slope s = slope_of({0, 0, reciprocal_deviation(q, eps, place), 0, g}, n, n, q, g, eps, place);
    s.centered = false;
    slopes.push_back(s);
  }
  return slopes;
}

std::vector<Slope> given(const Array& mean, const Array& variance, Real eps, EpsPlace place) {
  std::vector<Slope> slopes;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    Slope s;
    s.affine = {mean[c], 0, reciprocal_deviation(variance[c], eps, place), 0, growth_of_sums(0)};
    s.centered = false;
    s.constant = true;
    slopes.push_back(s);
  }
  return slopes;
}

OperandKeys operands(const Parameters& p, const Dims& sizes, const Dims& axes, Real absent) {
  const Dims along = gamma_axes_or(p, sizes.size(), axes);
  return {gamma_of(p, sizes, axes, absent), keys_along(sizes, along), sizes_of(sizes, along)};
}

std::vector<Sums> sums_of(const Array& x, const Array& dy, const Cells& cells, const std::vector<Slope>& slopes,
                          const PerElement& gamma) {
  std::vector<Sums> sums(cells.count());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    const CellAffine& affine = slopes[cells.of[i]].affine;
    Sums& s = sums[cells.of[i]];
    const Real from = gamma[i] * affine.scale * dy[i];
    const Real along_x = from * ((x[i] - affine.first) - affine.offset);
    s.s0 += from;
    s.s1 += along_x;
    s.abs0 += std::fabs(from);
    s.abs1 += std::fabs(along_x);
  }
  return sums;
}

namespace {

void give_masked(ExpectedGradients& e, const Array& dy, const Cells& cells, const Slope& s, const PerElement& gamma,
                 std::size_t i) {
  const Real from = gamma[i] * s.affine.scale * dy[i];
  if (cells.masked == Masked::keep) e.dx[i] = dy[i];
  if (cells.masked == Masked::normalize) e.dx[i] = from + s.affine.identity * dy[i];
  e.terms.push_back(std::fabs(e.dx[i]));
  e.growth.push_back(cells.masked == Masked::normalize ? std::fabs(from) * s.affine.scale_error : 0);
}

void give_dx(ExpectedGradients& e, const Array& x, const Array& dy, const Cells& cells,
             const std::vector<Slope>& slopes, const PerElement& gamma) {
  const auto sums = sums_of(x, dy, cells, slopes, gamma);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Slope& s = slopes[cells.of[i]];
    if (!cells.counts(i)) {
      give_masked(e, dy, cells, s, gamma, i);
      continue;
    }
    const Sums& sum = sums[cells.of[i]];
    const CellAffine& affine = s.affine;
    const Real narrowed = gamma.narrowed && x.type != DType::f64 ? unit_roundoff(x.type) : 0;
    const Real g = growth_of_sums(s.m) + narrowed;
    const Real from = gamma[i] * affine.scale * dy[i];
    // Constant statistics: dx knows nothing of x.
    const Real distance = s.constant && !s.centered ? 0 : (x[i] - affine.first) - affine.offset;
    const Real through = affine.identity * dy[i];
    const Real a = s.has_a ? s.a : s.constant ? 0 : s.k * sum.s1;
    const Real b = s.centered ? -sum.s0 / s.m : 0;
    const Real s1_error = g * sum.abs1 + affine.center_error * sum.abs0 + affine.scale_error * std::fabs(sum.s1);
    const Real a_error = s.has_a ? s.a_error : s.constant ? 0 : std::fabs(s.k) * s1_error + std::fabs(a) * s.k_error;
    const Real b_error = s.centered ? (g * sum.abs0 + affine.scale_error * std::fabs(sum.s0)) / s.m : 0;
    const Real along_x = a * distance;
    e.dx[i] = (from + through) + along_x + b;
    e.terms.push_back(std::fabs(from + through) + std::fabs(along_x) + std::fabs(b));
    e.growth.push_back(std::fabs(from) * affine.scale_error + std::fabs(distance) * a_error +
                       std::fabs(a) * affine.center_error + b_error);
  }
}

void give_operands(ExpectedGradients& e, const Array& x, const Array& dy, const Cells& cells,
                   const std::vector<Slope>& slopes, const OperandKeys& o) {
  Statistic dgamma{Array(o.shape), {}}, dbeta{Array(o.shape), {}};
  dgamma.error.resize(dgamma.value.size());
  dbeta.error.resize(dbeta.value.size());
  const Real n = dgamma.value.empty() ? 0 : static_cast<Real>(x.size()) / static_cast<Real>(dgamma.value.size());
  const Real g = growth_of_sums(n);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    const CellAffine& affine = slopes[cells.of[i]].affine;
    const std::size_t at = o.keys[i];
    const Real from = affine.scale * dy[i], shifted = affine.shift * dy[i];
    const Real along_x = from * ((x[i] - affine.first) - affine.offset);
    dgamma.value[at] += along_x + shifted;
    dgamma.error[at] += std::fabs(along_x) * (g + affine.scale_error) + std::fabs(from) * affine.center_error +
                        std::fabs(shifted) * g + std::fabs(dy[i]) * affine.shift_error;
    dbeta.value[at] += dy[i];
    dbeta.error[at] += std::fabs(dy[i]) * g;
  }
  e.gradients["dgamma"] = std::move(dgamma);
  e.gradients["dbeta"] = std::move(dbeta);
}

}  // namespace

ExpectedGradients backward(const Array& x, const Array& dy, const Cells& cells, const std::vector<Slope>& slopes,
                           const OperandKeys& o) {
  ExpectedGradients e;
  e.x = x.type;
  e.dx = Array(x.sizes, 0, x.type);
  give_dx(e, x, dy, cells, slopes, o.gamma);
  give_operands(e, x, dy, cells, slopes, o);
  return e;
}

}  // namespace poise::test::oracle
