// The oracle of spectral norm, forward and backward, and the largest singular value by Jacobi rotations.
//
// Errors, first order, F the Frobenius norm, g(n) the growth of a sum of n terms: a product errs by g(n) F |v| + F dv;
// a vector brought to length 1 by at most twice what it erred by before, over its length, and by its norm's own
// rounding; sigma = u.t by |u| dt + |t| du + g(n) |u||t|.

#include <cmath>

#include "oracle_backward.h"
#include "oracle_parts.h"
#include "tolerance.h"

namespace poise::test::oracle {
namespace {

Real norm_of(const std::vector<Real>& x) {
  Real sum = 0;
  for (const Real v : x) sum += v * v;
  return std::sqrt(sum);
}

// A vector and how far float64 may move it, as a length.
struct Approximate {
  std::vector<Real> value;
  Real error = 0;
};

class PowerIteration {
 public:
  PowerIteration(const Array& x, const Parameters& p) : x_(x), p_(p), eps_(p.eps < 0 ? 1e-12 : p.eps) {
    const int rank = x.sizes.size();
    const int axis = p.channel_axes.empty() ? 0 : positive(static_cast<int>(p.channel_axes[0]), rank);
    row_of = keys_along(x.sizes, {axis});
    column_of = keys_along(x.sizes, test::other_axes({axis}, rank));
    rows_ = static_cast<std::size_t>(x.sizes[axis]);
    frobenius_ = norm_of(x.values);
    u = start(p.u, rows_), v = start(p.v, rows_ == 0 ? 0 : x.size() / rows_);
    iterate();
  }

  Keys row_of, column_of;
  Approximate u, v;
  Real sigma = 0, sigma_error = 0;

 private:
  static Approximate start(ConstTensorView given, std::size_t size) {
    if (given.present()) return {read(given).values, 0};
    Approximate a;
    for (std::size_t i = 0; i < size; ++i) a.value.push_back(std::cos(static_cast<Real>(i + 1)));
    a.error = 2 * w * norm_of(a.value);
    return a;
  }

  Approximate product(const Approximate& from, const Keys& from_of, const Keys& to_of, std::size_t size) const {
    Approximate to{std::vector<Real>(size, 0)};
    for (std::size_t i = 0; i < x_.size(); ++i) to.value[to_of[i]] += x_[i] * from.value[from_of[i]];
    to.error = frobenius_ * (growth_of_sums(static_cast<Real>(from.value.size())) * norm_of(from.value) + from.error);
    return to;
  }

  Approximate unit(Approximate a) const {
    const Real norm = norm_of(a.value);
    const Real length = p_.norm_eps == NormEps::inside    ? std::sqrt(norm * norm + eps_)
                        : norm > eps_ || std::isnan(norm) ? norm
                                                          : eps_;
    if (length == 0) return a;
    for (Real& value : a.value) value /= length;
    a.error = 2 * a.error / length + growth_of_sums(static_cast<Real>(a.value.size())) * norm / length;
    return a;
  }

  void iterate() {
    const bool iterates = p_.mode == BatchNormMode::training || p_.evaluation_iterates;
    const auto make_u = [&] { return product(v, column_of, row_of, u.value.size()); };
    const auto make_v = [&] { return product(u, row_of, column_of, v.value.size()); };
    Approximate last = make_u();
    const Approximate* other = &u;
    for (std::int64_t i = 0; iterates && i < p_.iterations; ++i) {
      if (p_.order == SpectralOrder::v_first) {
        v = unit(make_v());
        u = unit(last = make_u());
      } else {
        u = unit(make_u());
        v = unit(last = make_v());
        other = &v;
      }
    }
    for (std::size_t i = 0; i < last.value.size(); ++i) sigma += other->value[i] * last.value[i];
    const Real a = norm_of(other->value), b = norm_of(last.value);
    sigma_error = a * last.error + b * other->error + growth_of_sums(static_cast<Real>(last.value.size())) * a * b;
  }

  const Array& x_;
  const Parameters& p_;
  Real eps_, frobenius_ = 0;
  std::size_t rows_ = 0;
};

Statistic statistic(const Approximate& a) {
  Statistic s{Array({static_cast<std::int64_t>(a.value.size())}), std::vector<Real>(a.value.size(), a.error)};
  s.value.values = a.value;
  return s;
}

Real divisor(const PowerIteration& m, const Parameters& p) {
  return m.sigma == 0 && p.zero_sigma == ZeroSigma::one ? 1 : m.sigma;
}

}  // namespace

// y = W / (u^T W v).
Expected spectral_norm(const Array& x, const Parameters& p) {
  const PowerIteration m(x, p);
  Expected e;
  e.x = x.type;
  e.y = Array(x.sizes);
  const Real sigma = divisor(m, p), relative = m.sigma == 0 ? 0 : m.sigma_error / std::fabs(sigma);
  for (std::size_t i = 0; i < x.size(); ++i) {
    e.y[i] = x[i] / sigma;
    e.t.push_back(e.y[i]);
    e.shift.push_back(0);
    e.growth.push_back(std::fabs(e.y[i]) * (relative + 2 * w));
  }
  e.results.emplace("u", statistic(m.u));
  e.results.emplace("v", statistic(m.v));
  e.results.emplace("sigma", Statistic{Array(Dims{}, m.sigma), {m.sigma_error}});
  return e;
}

// dW = dy / sigma - (sum dy*W) / sigma^2 * u v^T.
ExpectedGradients spectral_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const PowerIteration m(x, p);
  const Real sigma = divisor(m, p), relative = m.sigma == 0 ? 0 : m.sigma_error / std::fabs(sigma) + 4 * w;
  Real product = 0, most = 0;
  for (std::size_t i = 0; i < x.size(); ++i) product += dy[i] * x[i], most += std::fabs(dy[i] * x[i]);
  const bool constant = m.sigma == 0 && p.zero_sigma == ZeroSigma::one;
  const Real k = constant ? 0 : product / sigma / sigma;
  const Real k_error =
      constant ? 0 : growth_of_sums(static_cast<Real>(x.size())) * most / sigma / sigma + 2 * relative * std::fabs(k);
  ExpectedGradients e;
  e.x = x.type;
  e.dx = Array(x.sizes);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Real u = m.u.value[m.row_of[i]], v = m.v.value[m.column_of[i]], direct = dy[i] / sigma;
    e.dx[i] = direct - (constant ? 0 : k * u * v);
    e.terms.push_back(std::fabs(direct) + std::fabs(k * u * v));
    e.growth.push_back(std::fabs(direct) * relative + k_error * std::fabs(u * v) +
                       std::fabs(k) * (m.u.error * std::fabs(v) + m.v.error * std::fabs(u)));
  }
  return e;
}

// One-sided Jacobi (Hestenes 1958): rotations make the rows orthogonal, whose lengths are then the singular values.
Real largest_singular_value(std::vector<std::vector<Real>> rows) {
  const auto dot = [&](std::size_t a, std::size_t b) {
    Real sum = 0;
    for (std::size_t i = 0; i < rows[a].size(); ++i) sum += rows[a][i] * rows[b][i];
    return sum;
  };
  Real total = 0;
  for (std::size_t a = 0; a < rows.size(); ++a) total += dot(a, a);
  for (bool rotated = true; rotated;) {
    rotated = false;
    for (std::size_t a = 0; a < rows.size(); ++a) {
      for (std::size_t b = a + 1; b < rows.size(); ++b) {
        const Real aa = dot(a, a), bb = dot(b, b), ab = dot(a, b);
        if (std::fabs(ab) <= 1e-18L * total) continue;
        rotated = true;
        const Real zeta = (bb - aa) / (2 * ab);
        const Real t = (zeta < 0 ? -1 : 1) / (std::fabs(zeta) + std::sqrt(1 + zeta * zeta));
        const Real c = 1 / std::sqrt(1 + t * t), s = c * t;
        for (std::size_t i = 0; i < rows[a].size(); ++i) {
          const Real x = rows[a][i], y = rows[b][i];
          rows[a][i] = c * x - s * y;
          rows[b][i] = s * x + c * y;
        }
      }
    }
  }
  Real most = 0;
  for (const auto& row : rows) most = std::fmax(most, norm_of(row));
  return most;
}

}  // namespace poise::test::oracle
