#include "oracle_parts.h"

#include <algorithm>
#include <cmath>

#include "tolerance.h"

namespace poise::test::oracle {

Cells cells_keeping(const Dims& sizes, const Dims& kept) { return {keys_along(sizes, kept), sizes_of(sizes, kept)}; }

Cells without_masked(Cells cells, const Parameters& p) {
  if (!p.mask.present()) return cells;
  for (const Real v : read(p.mask).values) cells.out.push_back(v == 0);
  cells.masked = p.masked;
  return cells;
}

Cells by_label(Cells cells, const Dims& sizes, ConstTensorView labels, const Parameters& p) {
  if (!labels.present()) return cells;
  Dims strides;
  for (int i = 0; i < sizes.size(); ++i) strides.push_back(labels.size(i) == sizes[i] ? labels.stride(i) : 0);
  const Array label = read(ConstTensorView(labels.data(), labels.dtype(), sizes, strides));
  const auto count = static_cast<std::size_t>(p.label_count);
  for (std::size_t i = 0; i < cells.of.size(); ++i)
    cells.of[i] = cells.of[i] * count + static_cast<std::size_t>(label[i]);
  cells.shape.push_back(p.label_count);
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
  for (auto& cell : m) cell.offset /= std::max(cell.n, 1.0L);
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
  std::vector<Square> s(cells.count());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i)) continue;
    ++s[cells.of[i]].n;
    s[cells.of[i]].sum += x[i] * x[i];
  }
  return s;
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

Dims gamma_axes_or(const Parameters& p, int rank, const Dims& otherwise) {
  return p.gamma_axes.empty() ? otherwise : positive(p.gamma_axes, rank);
}

PerElement gamma_of(const Parameters& p, const Dims& sizes, const Dims& axes, Real absent) {
  PerElement gamma = along(p.gamma, sizes, gamma_axes_or(p, sizes.size(), axes), absent);
  if (!p.gamma.present()) return gamma;
  for (auto& v : gamma.values.values) v += static_cast<Real>(p.gamma_offset);
  gamma.narrowed = gamma_narrowed(DType::f32, p.gamma, p.gamma_offset);
  return gamma;
}

PerElement beta_of(const Parameters& p, const Dims& sizes, const Dims& axes) {
  return along(p.beta, sizes, gamma_axes_or(p, sizes.size(), axes), 0);
}

int channel_axis(const Parameters& p, int rank) {
  return p.channel_axes.empty() ? 1 : positive(static_cast<int>(p.channel_axes[0]), rank);
}

Expected apply(const Array& x, const Cells& cells, const std::vector<CellAffine>& affine, const PerElement& gamma,
               const PerElement& beta) {
  Expected e;
  e.x = x.type;
  e.y = Array(x.sizes);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!cells.counts(i) && cells.masked != Masked::normalize) {
      e.y[i] = cells.masked == Masked::keep ? x[i] : 0;
      e.t.push_back(0), e.shift.push_back(e.y[i]), e.growth.push_back(0);
      continue;
    }
    const CellAffine& a = affine[cells.of[i]];
    const Real scale = gamma[i] * a.scale, distance = (x[i] - a.first) - a.offset;
    const Real t = distance * (scale + a.identity), shift = gamma[i] * a.shift + beta[i];
    e.t.push_back(t);
    e.shift.push_back(shift);
    e.growth.push_back(std::fabs(scale) * a.center_error + std::fabs(scale * distance) * a.scale_error +
                       std::fabs(gamma[i]) * a.shift_error);
    e.y[i] = t + shift;
  }
  return e;
}

CellAffine normalizing(const Moment& m, DType x, Divisor divisor, Real eps, EpsPlace place) {
  const Real r = reciprocal_deviation(m.variance(divisor), eps, place);
  return {m.first, m.offset, r, center_error(x, m.n, m.sd(), m.farthest),
          variance_error(x, m.n, m.sd(), m.farthest) / 2};
}

std::vector<CellAffine> normalizing(const Array& x, const Cells& cells, Divisor divisor, Real eps, EpsPlace place) {
  std::vector<CellAffine> affine;
  for (const Moment& m : moments(x, cells)) affine.push_back(normalizing(m, x.type, divisor, eps, place));
  return affine;
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
