#include "oracle_parts.h"

#include <algorithm>
#include <cmath>

#include "tolerance.h"

namespace poise::test::oracle {

Cells cells_keeping(const Dims& sizes, const Dims& kept) { return {keys_along(sizes, kept), sizes_of(sizes, kept)}; }

std::vector<Moment> moments(const Array& x, const Cells& cells) {
  std::vector<Moment> m(cells.count());
  for (std::size_t i = 0; i < x.size(); ++i) {
    Moment& cell = m[cells.of[i]];
    if (cell.n == 0) cell.first = x[i];
    ++cell.n;
    cell.offset += x[i] - cell.first;
  }
  for (auto& cell : m) cell.offset /= cell.n;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Moment& cell = m[cells.of[i]];
    const Real d = (x[i] - cell.first) - cell.offset;
    cell.m2 += d * d;
    cell.farthest = std::max(cell.farthest, std::fabs(d));
  }
  return m;
}

Real reciprocal_deviation(Real variance, Real eps, EpsPlace place) {
  if (variance == 0 && eps == 0) return 0;
  if (place == EpsPlace::outside) return 1 / (std::sqrt(variance) + eps);
  return 1 / std::sqrt(place == EpsPlace::inside ? variance + eps : std::max(variance, eps));
}

PerElement along(ConstTensorView operand, const Dims& sizes, const Dims& axes, Real absent) {
  if (!operand.present()) return {Array(Dims{}, absent), {}};
  return {read(operand), keys_along(sizes, axes)};
}

Expected apply(const Array& x, const Cells& cells, const std::vector<CellAffine>& affine, const PerElement& gamma,
               const PerElement& beta) {
  Expected e;
  e.x = x.type;
  e.y = Array(x.sizes);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const CellAffine& a = affine[cells.of[i]];
    const Real scale = gamma[i] * a.scale;
    const Real t = ((x[i] - a.first) - a.offset) * scale;
    e.t.push_back(t);
    e.shift.push_back(beta[i]);
    e.growth.push_back(std::fabs(scale) * a.center_error + std::fabs(t) * a.scale_error);
    e.y[i] = t + beta[i];
  }
  return e;
}

CellAffine normalizing(const Moment& m, DType x, Divisor divisor, Real eps, EpsPlace place) {
  const Real r = reciprocal_deviation(m.variance(divisor), eps, place);
  const Real sd = std::sqrt(m.m2 / m.n);
  return {m.first, m.offset, r, center_error(x, m.n, sd, m.farthest), variance_error(x, m.n, sd, m.farthest) / 2};
}

void give_mean_and_rstd(Expected& expected, const Cells& cells, const std::vector<CellAffine>& affine) {
  Statistic mean{Array(cells.shape), {}};
  Statistic rstd{Array(cells.shape), {}};
  for (std::size_t c = 0; c < affine.size(); ++c) {
    mean.value[c] = affine[c].center();
    mean.error.push_back(affine[c].center_error + w * std::fabs(affine[c].center()));
    rstd.value[c] = affine[c].scale;
    rstd.error.push_back(affine[c].scale * (affine[c].scale_error + w));
  }
  expected.results["mean"] = mean;
  expected.results["rstd"] = rstd;
}

}  // namespace poise::test::oracle
