#include "oracle_parts.h"

#include <algorithm>
#include <cmath>

#include "tolerance.h"

namespace poise::test::oracle {

Cells cells_keeping(const Dims& sizes, const Dims& kept) { return {keys_along(sizes, kept), sizes_of(sizes, kept)}; }

Cells cells_keeping(const Dims& sizes, const Dims& kept, const Parameters& p) {
  Cells cells = cells_keeping(sizes, kept);
  if (!p.mask.present()) return cells;
  for (const Real valid : read(p.mask).values) cells.counted.push_back(valid != 0);
  return cells;
}

std::vector<Moment> moments(const Array& x, const Cells& cells) {
  std::vector<Moment> m(cells.count());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    Moment& cell = m[cells.of[i]];
    if (cell.n == 0) cell.first = x[i];
    ++cell.n;
    cell.offset += x[i] - cell.first;
  }
  for (auto& cell : m) cell.offset /= cell.n;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    Moment& cell = m[cells.of[i]];
    const Real d = (x[i] - cell.first) - cell.offset;
    cell.m2 += d * d;
    cell.farthest = std::max(cell.farthest, std::fabs(d));
  }
  return m;
}

std::vector<Square> squares(const Array& x, const Cells& cells) {
  std::vector<Square> q(cells.count());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    ++q[cells.of[i]].n;
    q[cells.of[i]].sum += x[i] * x[i];
  }
  return q;
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

Dims gamma_axes(const Parameters& p, int rank, const Dims& otherwise) {
  return p.gamma_axes.empty() ? otherwise : positive(p.gamma_axes, rank);
}

PerElement gamma_of(const Parameters& p, const Dims& sizes, const Dims& axes) {
  PerElement gamma = along(p.gamma, sizes, axes, 1);
  for (Real& g : gamma.values.values) g += p.gamma.present() ? static_cast<Real>(p.gamma_offset) : 0;
  return gamma;
}

Expected apply(const Array& x, const Cells& cells, const std::vector<CellAffine>& affine, const PerElement& gamma,
               const PerElement& beta, Masked masked) {
  Expected e;
  e.x = x.type;
  e.y = Array(x.sizes);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i) && masked != Masked::normalize) {
      e.y[i] = masked == Masked::keep ? x[i] : 0;
      for (auto* exact : {&e.t, &e.shift, &e.growth}) exact->push_back(0);
      continue;
    }
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
