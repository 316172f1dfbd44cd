#include "oracle_backward.h"

#include <cmath>
#include <utility>

#include "oracle_parts.h"
#include "tolerance.h"

namespace poise::test {
namespace oracle {
namespace {

// A cell as its backward pass sees it: the forward affine, and k = (2/d)*(r'/r)(v) with a = k*s1.
struct Slope {
  CellAffine affine;
  Real m = 0, k = 0, k_error = 0;  // k_error: relative
  bool centered = true, constant = false;
};

struct Sums {
  Real s0 = 0, s1 = 0, abs0 = 0, abs1 = 0;
};

// 2r'/r.
Real twice_slope(Real v, Real r, Real eps, EpsPlace place) {
  if (place == EpsPlace::inside) return -r * r;
  if (place == EpsPlace::outside) return v > 0 ? -r / std::sqrt(v) : 0;
  return v > eps ? -1 / v : 0;
}

// One float64 mean and rstd go from forward to backward: see tolerance.h, 6.
Slope slope_of(CellAffine affine, Real m, Real d, Real v, Real v_error, Real eps, EpsPlace place) {
  affine.center_error += w * std::fabs(affine.center());
  affine.scale_error += w;
  const Real k = twice_slope(v, affine.scale, eps, place) / d;
  const Real lost = place == EpsPlace::outside && v > 0 ? 4 * w * eps / std::sqrt(v) : 0;
  return {affine, m, k, 2 * v_error + 8 * w + lost, true};
}

std::vector<Slope> measured(const Array& x, const Cells& cells, Divisor divisor, Real eps, EpsPlace place) {
  std::vector<Slope> slopes;
  for (const Moment& m : moments(x, cells)) {
    const Real sd = std::sqrt(m.m2 / m.n);
    slopes.push_back(slope_of(normalizing(m, x.type, divisor, eps, place), m.n,
                              divisor == Divisor::sample ? m.n - 1 : m.n, m.variance(divisor),
                              variance_error(x.type, m.n, sd, m.farthest), eps, place));
  }
  return slopes;
}

std::vector<Slope> about_zero(const Array& x, const Cells& cells, Real eps, EpsPlace place) {
  std::vector<Slope> slopes;
  for (const Square& q : squares(x, cells)) {
    const Real g = growth_of_sums(q.n), mean = q.sum / q.n;
    Slope s = slope_of({0, 0, reciprocal_deviation(mean, eps, place), 0, g}, q.n, q.n, mean, g, eps, place);
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

struct Operands {
  PerElement gamma;
  Real narrowed = 0;  // what gamma's own rounding to the type computed in is, relative
  Keys keys;          // which value of gamma an element belongs to
  Dims shape;         // gamma's
};

Operands operands(const Parameters& p, const Array& x, const Dims& axes) {
  const Real narrowed = gamma_narrowed(x.type, p.gamma, p.gamma_offset) ? unit_roundoff(x.type) : 0;
  return {gamma_of(p, x.sizes, axes), narrowed, keys_along(x.sizes, axes), sizes_of(x.sizes, axes)};
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

// Where an element does not count: y is x, 0, or x scaled by statistics that it has no part in.
void give_masked(ExpectedGradients& e, std::size_t i, Real dy, Real scale, Real scale_error, Masked masked) {
  e.dx[i] = masked == Masked::keep ? dy : masked == Masked::zero ? 0 : scale * dy;
  const bool exact = masked != Masked::normalize;
  e.terms.push_back(exact ? 0 : std::fabs(scale * dy));
  e.growth.push_back(exact ? 0 : std::fabs(scale * dy) * scale_error);
}

void give_dx(ExpectedGradients& e, const Array& x, const Array& dy, const Cells& cells,
             const std::vector<Slope>& slopes, const Operands& o, Masked masked) {
  const PerElement& gamma = o.gamma;
  const auto sums = sums_of(x, dy, cells, slopes, gamma);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Slope& s = slopes[cells.of[i]];
    if (!cells.counts(i)) {
      give_masked(e, i, dy[i], gamma[i] * s.affine.scale, s.affine.scale_error, masked);
      continue;
    }
    const Sums& sum = sums[cells.of[i]];
    const CellAffine& affine = s.affine;
    const Real g = growth_of_sums(s.m) + o.narrowed;
    const Real from = gamma[i] * affine.scale * dy[i];
    const Real distance = (x[i] - affine.first) - affine.offset;
    const Real a = s.constant ? 0 : s.k * sum.s1;
    const Real b = s.centered ? -sum.s0 / s.m : 0;
    const Real s1_error = g * sum.abs1 + affine.center_error * sum.abs0 + affine.scale_error * std::fabs(sum.s1);
    const Real a_error = s.constant ? 0 : std::fabs(s.k) * s1_error + std::fabs(a) * s.k_error;
    const Real b_error = s.centered ? (g * sum.abs0 + affine.scale_error * std::fabs(sum.s0)) / s.m : 0;
    const Real along_x = a * distance;  // a 0 of constant statistics keeps a NaN of x, in that element alone
    e.dx[i] = from + along_x + b;
    e.terms.push_back(std::fabs(from) + std::fabs(along_x) + std::fabs(b));
    e.growth.push_back(std::fabs(from) * affine.scale_error + std::fabs(distance) * a_error +
                       std::fabs(a) * affine.center_error + b_error);
  }
}

void give_operands(ExpectedGradients& e, const Array& x, const Array& dy, const Cells& cells,
                   const std::vector<Slope>& slopes, const Operands& o) {
  Statistic dgamma{Array(o.shape), {}}, dbeta{Array(o.shape), {}};
  dgamma.error.resize(dgamma.value.size());
  dbeta.error.resize(dbeta.value.size());
  const Real n = dgamma.value.empty() ? 0 : static_cast<Real>(x.size()) / static_cast<Real>(dgamma.value.size());
  const Real g = growth_of_sums(n);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    const CellAffine& affine = slopes[cells.of[i]].affine;
    const std::size_t at = o.keys[i];
    const Real from = affine.scale * dy[i];
    const Real along_x = from * ((x[i] - affine.first) - affine.offset);
    dgamma.value[at] += along_x;
    dgamma.error[at] += std::fabs(along_x) * (g + affine.scale_error) + std::fabs(from) * affine.center_error;
    dbeta.value[at] += dy[i];
    dbeta.error[at] += std::fabs(dy[i]) * g;
  }
  e.gradients["dgamma"] = std::move(dgamma);
  e.gradients["dbeta"] = std::move(dbeta);
}

ExpectedGradients backward(const Array& x, const Array& dy, const Cells& cells, const std::vector<Slope>& slopes,
                           const Operands& o, Masked masked) {
  ExpectedGradients e;
  e.x = x.type;
  e.dx = Array(x.sizes, 0, x.type);
  give_dx(e, x, dy, cells, slopes, o, masked);
  give_operands(e, x, dy, cells, slopes, o);
  return e;
}

Dims channels_of(const Parameters& p, int rank) {
  return p.channel_axes.empty() ? Dims{1} : positive(p.channel_axes, rank);
}

ExpectedGradients batch_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channels = channels_of(p, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, channels, p);
  const Real eps = eps_or(p, 1e-5);
  const bool from_batch =
      p.mode == BatchNormMode::training || (p.mode == BatchNormMode::evaluation && !p.track_running);
  const auto slopes = from_batch ? measured(x, cells, p.divisor, eps, p.eps_place)
                                 : given(read(p.running_mean), read(p.running_var), eps, p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x, gamma_axes(p, x.sizes.size(), channels)), p.masked);
}

ExpectedGradients rows_backward(const Array& x, const Array& dy, const Parameters& p, bool centered) {
  const int rank = x.sizes.size();
  const Dims axes = positive(p.axes.empty() ? Dims{-1} : p.axes, rank);
  const Cells cells = cells_keeping(x.sizes, other_axes(axes, rank), p);
  const Real eps = eps_or(p, 1e-5);
  const auto slopes =
      centered ? measured(x, cells, p.divisor, eps, p.eps_place) : about_zero(x, cells, eps, p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x, gamma_axes(p, rank, axes)), p.masked);
}

ExpectedGradients layer_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  return rows_backward(x, dy, p, true);
}

ExpectedGradients rms_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  return rows_backward(x, dy, p, false);
}

ExpectedGradients instance_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channels = channels_of(p, x.sizes.size());
  const bool evaluation = p.mode != BatchNormMode::training && p.running_mean.present();
  const Real eps = eps_or(p, 1e-5);
  const Cells cells = evaluation ? cells_keeping(x.sizes, channels, p) : cells_keeping(x.sizes, {0, channels[0]}, p);
  const auto slopes = evaluation ? given(read(p.running_mean), read(p.running_var), eps, p.eps_place)
                                 : measured(x, cells, p.divisor, eps, p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x, gamma_axes(p, x.sizes.size(), channels)), p.masked);
}

ExpectedGradients group_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channels = channels_of(p, x.sizes.size());
  Cells cells = cells_keeping(x.sizes, {0, channels[0]}, p);
  const auto per_group = static_cast<std::size_t>(x.sizes[static_cast<int>(channels[0])] / p.groups);
  for (auto& key : cells.of) key /= per_group;
  cells.shape = {x.sizes[0], p.groups};
  const auto slopes = measured(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x, gamma_axes(p, x.sizes.size(), channels)), p.masked);
}

constexpr std::pair<std::string_view, BackwardOracle> oracle_table[] = {
    {"batch_norm", batch_norm_backward},
    {"sync_batch_norm", batch_norm_backward},
    {"layer_norm", layer_norm_backward},
    {"rms_norm", rms_norm_backward},
    {"instance_norm", instance_norm_backward},
    {"group_norm", group_norm_backward},
    {"local_response_norm", local_response_norm_backward},
    {"spectral_norm", spectral_norm_backward},
};

}  // namespace
}  // namespace oracle

BackwardOracle backward_oracle_named(std::string_view technique) {
  for (const auto& [name, function] : oracle::oracle_table) {
    if (name == technique) return function;
  }
  return nullptr;
}

}  // namespace poise::test
