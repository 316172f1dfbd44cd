// The oracles of weight standardization, weight norm and max-norm.

#include <algorithm>
#include <cmath>
#include <utility>

#include "oracle_derived.h"
#include "tolerance.h"

namespace poise::test::oracle {

// The published formulas, written down again.
Center filter_options(const Parameters& p) {
  constexpr EpsPlace inside = EpsPlace::inside, outside = EpsPlace::outside, floor = EpsPlace::floor;
  constexpr Divisor n = Divisor::population, n_1 = Divisor::sample;
  const std::pair<std::string_view, Center> variants[] = {
      {"", {1e-10, inside, n, FanIn::none}},
      {"original", {1e-5, outside, n_1, FanIn::none}},
      {"bit", {1e-10, inside, n, FanIn::none}},
      {"vit", {1e-5, outside, n, FanIn::none}},
      {"timm", {1e-6, inside, n, FanIn::none}},
      {"nfnet", {1e-4, floor, n, FanIn::variance}},
      {"timm_scaled", {1e-6, inside, n, FanIn::scale}},
      {"aws", {1e-5, inside, n_1, FanIn::none}},
  };
  Center o = std::find_if(std::begin(variants), std::end(variants), [&](const auto& v) {
               return v.first == p.variant;
             })->second;
  if (p.eps >= 0) o.eps = static_cast<Real>(p.eps);
  if (p.eps_place != inside) o.place = p.eps_place;
  if (p.divisor != n) o.divisor = p.divisor;
  if (p.fan_in != FanIn::none) o.fan_in = p.fan_in;
  return o;
}

Real filter_deviation(const Center& o, Real n, Real variance) {
  if (o.fan_in == FanIn::variance) return reciprocal_deviation(n * variance, o.eps, o.place);
  const Real r = reciprocal_deviation(variance, o.eps, o.place);
  return o.fan_in == FanIn::scale ? r / std::sqrt(n) : r;
}

Dims filter_axis(const Parameters& p, int rank) {
  return {p.channel_axes.empty() ? 0 : positive(static_cast<int>(p.channel_axes[0]), rank)};
}

// y = gamma_f * (w - mean_f) * r(var_f) + beta_f.
Expected weight_standardization(const Array& x, const Parameters& p) {
  const Dims filters = filter_axis(p, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, filters);
  const Center o = filter_options(p);
  std::vector<CellAffine> affine;
  for (const Moment& m : moments(x, cells)) {
    affine.push_back(normalizing(m, x.type, o.divisor, o.eps, o.place));
    affine.back().scale = filter_deviation(o, m.n, m.variance(o.divisor));
    if (o.fan_in != FanIn::none) affine.back().scale_error += growth_of_sums(0);
  }
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, filters), beta_of(p, x.sizes, filters));
  give_mean_and_rstd(e, cells, affine);
  return e;
}

Dims kept_axes(const Parameters& p, int rank) {
  if (p.kept_axes == Dims{-1}) return {};
  return positive(p.kept_axes.empty() ? Dims{0} : p.kept_axes, rank);
}

namespace {

// y = gamma * x * scale(norm).
template <class Scale>
Expected by_norm(const Array& x, const Parameters& p, Scale scale) {
  const Dims kept = kept_axes(p, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, kept);
  std::vector<CellAffine> affine;
  Statistic norm{Array(cells.shape), {}};
  for (const Square& s : squares(x, cells)) {
    const Real value = std::sqrt(s.sum), error = growth_of_sums(x.type, s.n);
    norm.value[affine.size()] = value;
    norm.error.push_back(value * error);
    affine.push_back({0, 0, scale(value), 0, error});
  }
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, kept), {Array(Dims{}, 0), {}});
  e.results["norm"] = norm;
  return e;
}

}  // namespace

// y = g * v / ||v||, zeros of zeros.
Expected weight_norm(const Array& x, const Parameters& p) {
  return by_norm(x, p, [](Real norm) { return norm == 0 ? 0 : 1 / norm; });
}

// y = w * min(1, limit / ||w||).
Expected max_norm(const Array& x, const Parameters& p) {
  const auto limit = static_cast<Real>(p.limit);
  return by_norm(x, p, [limit](Real norm) { return norm <= limit ? 1 : limit / norm; });
}

}  // namespace poise::test::oracle
