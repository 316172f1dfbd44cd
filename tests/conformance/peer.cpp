#include "peer.h"

#include <cmath>

namespace poise::test {
namespace {

struct Size {
  Real n = 0, sum = 0, squares = 0;  // of |x|
};

std::vector<Size> sizes_of_cells(const Array& x, const oracle::Cells& cells) {
  std::vector<Size> sizes(cells.count());
  for (std::size_t i = 0; i < x.size(); ++i) {
    Size& s = sizes[cells.of[i]];
    ++s.n;
    s.sum += std::fabs(x[i]);
    s.squares += x[i] * x[i];
  }
  return sizes;
}

}  // namespace

std::vector<oracle::CellAffine> centered(const Array& x, const oracle::Cells& cells, double eps) {
  const auto m = oracle::moments(x, cells);
  const auto sizes = sizes_of_cells(x, cells);
  std::vector<oracle::CellAffine> affine;
  for (std::size_t c = 0; c < m.size(); ++c) {
    const Real variance = m[c].variance(Divisor::population);
    const Real d = (m[c].n + 1) * u * sizes[c].sum / m[c].n;
    const Real shifted = variance > 0 ? d * d / variance : 0;
    affine.push_back({m[c].first, m[c].offset,
                      oracle::reciprocal_deviation(variance, static_cast<Real>(eps), EpsPlace::inside), d,
                      (m[c].n + 4) * u / 2 + shifted / 2 + 3 * u});
  }
  return affine;
}

std::vector<oracle::CellAffine> mean_square(const Array& x, const oracle::Cells& cells, double eps) {
  std::vector<oracle::CellAffine> affine;
  for (const Size& s : sizes_of_cells(x, cells)) {
    const Real r = oracle::reciprocal_deviation(s.squares / s.n, static_cast<Real>(eps), EpsPlace::inside);
    affine.push_back({0, 0, r, 0, (s.n + 2) * u / 2 + 3 * u});
  }
  return affine;
}

std::vector<oracle::CellAffine> variance_by_difference(const Array& x, const oracle::Cells& cells, double eps) {
  const auto m = oracle::moments(x, cells);
  const auto sizes = sizes_of_cells(x, cells);
  std::vector<oracle::CellAffine> affine;
  for (std::size_t c = 0; c < m.size(); ++c) {
    const Real n = m[c].n;
    const Real variance = m[c].variance(Divisor::population);
    const Real a = sizes[c].sum / n;
    const Real error = (n + 2) * u * sizes[c].squares / n + (2 * n + 4) * u * a * a;
    affine.push_back({m[c].first, m[c].offset,
                      oracle::reciprocal_deviation(variance, static_cast<Real>(eps), EpsPlace::outside),
                      (n + 1) * u * a, error / variance / 2 + 3 * u});
  }
  return affine;
}

std::vector<oracle::CellAffine> norm(const Array& x, const oracle::Cells& cells, std::int64_t p) {
  std::vector<oracle::CellAffine> affine;
  for (const Size& s : sizes_of_cells(x, cells)) {
    const Real value = p == 1 ? s.sum : std::sqrt(s.squares);
    affine.push_back({0, 0, value > 0 ? 1 / value : 0, 0, (p == 1 ? s.n : (s.n + 1) / 2 + 1) * u});
  }
  return affine;
}

std::vector<oracle::CellAffine> given(const Array& mean, const Array& variance, double eps) {
  std::vector<oracle::CellAffine> affine;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    const Real r = oracle::reciprocal_deviation(variance[c], static_cast<Real>(eps), EpsPlace::inside);
    affine.push_back({mean[c], 0, r, 0, 3 * u});
  }
  return affine;
}

Peer local_response(const Array& x, std::int64_t size, double alpha, double beta, double k) {
  Peer peer;
  peer.cells.shape = x.sizes;
  std::int64_t step = 1;
  for (int axis = 2; axis < x.sizes.size(); ++axis) step *= x.sizes[axis];
  const std::int64_t channels = x.sizes[1];
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t c = at / step % channels;
    Real sum = 0;
    for (std::int64_t j = c - (size - 1) / 2; j <= c + size / 2; ++j) {
      if (j < 0 || j >= channels) continue;
      const Real v = x[static_cast<std::size_t>(at + (j - c) * step)];
      sum += v * v;
    }
    const Real base = static_cast<Real>(k) + static_cast<Real>(alpha) / static_cast<Real>(size) * sum;
    const Real error = static_cast<Real>(beta) * static_cast<Real>(size + 5) * u + 4 * u;
    peer.affine.push_back({0, 0, std::pow(base, -static_cast<Real>(beta)), 0, error});
    peer.cells.of.push_back(i);
  }
  peer.gamma = oracle::along({}, x.sizes, {}, 1);
  peer.beta = oracle::along({}, x.sizes, {}, 0);
  return peer;
}

std::vector<Real> bound_of_y(const Array& x, const Peer& peer) {
  const Expected e = oracle::apply(x, peer.cells, peer.affine, peer.gamma, peer.beta);
  std::vector<Real> bound;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Real t = std::fabs(e.t[i]), shift = std::fabs(e.shift[i]);
    bound.push_back(e.growth[i] + 10 * u * t + 7 * u * shift);
  }
  return bound;
}

std::vector<Real> bound_of_mean(const Peer& peer) {
  std::vector<Real> bound;
  for (const auto& cell : peer.affine) bound.push_back(cell.center_error + u * std::fabs(cell.center()));
  return bound;
}

std::vector<Real> bound_of_rstd(const Peer& peer) {
  std::vector<Real> bound;
  for (const auto& cell : peer.affine) bound.push_back(cell.scale * (cell.scale_error + u));
  return bound;
}

}  // namespace poise::test
