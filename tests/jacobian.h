#pragma once

// One helper for every gradient: a backward call against numerical differentiation of its forward call, in float64.
//
//     g_j = sum_i dy_i * df_i/dx_j      (dy: any vector; the product of dy with f's Jacobian)
//
// Central differences of L = sum_i dy_i * f_i with the steps h, h/2, h/4 err by c2*h^2 + c4*h^4 + ...; Richardson takes
// h^2 out of each pair of neighbours, then h^4 out of the two results. The last correction is larger than what is left,
// for smooth f and small h: it is the bound for the truncation. Rounding: each f_i is given to `error` times the
// largest |f|, so a difference quotient errs by error * max|f| * sum|dy| / step, and the two extrapolations multiply it
// by less than 4/3 + 1/3 and 16/15 + 1/15. The result's own rounding, in a sum over all i: growth_of_sums.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "tolerance.h"

namespace poise::test {

using Vector = std::vector<double>;

// Values with the bound within which each is known.
struct Gradient {
  std::vector<Real> value, bound;
};

// f: Vector -> Vector, smooth where |x_j| moves by `step`. error: how far f's own rounding moves it, relative to the
// largest |f|; as a sum over all of x in float64 by default.
template <class F>
Gradient numerical_gradient(F f, Vector x, const Vector& dy, Real step = 0x1p-7L, Real error = 0) {
  const auto n = static_cast<Real>(std::max(x.size(), dy.size()));
  if (error == 0) error = growth_of_sums(n);
  Real sum_dy = 0, most = 0;
  for (const double v : dy) sum_dy += std::fabs(static_cast<Real>(v));
  const auto loss = [&] {
    const Vector y = f(static_cast<const Vector&>(x));
    Real sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      sum += static_cast<Real>(dy[i]) * static_cast<Real>(y[i]);
      most = std::fmax(most, std::fabs(static_cast<Real>(y[i])));
    }
    return sum;
  };
  Gradient g;
  for (double& at : x) {
    const double here = at;
    Real quotient[3];
    Real h = step;
    for (Real& q : quotient) {
      const double up = here + static_cast<double>(h), down = here - static_cast<double>(h);
      at = up;
      const Real above = loss();
      at = down;
      const Real below = loss();
      q = (above - below) / (static_cast<Real>(up) - static_cast<Real>(down));
      h /= 2;
    }
    at = here;
    const Real coarse = (4 * quotient[1] - quotient[0]) / 3, fine = (4 * quotient[2] - quotient[1]) / 3;
    const Real correction = (fine - coarse) / 15;
    const Real rounding = error * most * sum_dy / (step / 4) * 5 / 3 * 17 / 15;
    g.value.push_back(fine + correction);
    g.bound.push_back(std::fabs(correction) + rounding + growth_of_sums(n) * std::fabs(fine));
  }
  return g;
}

// Empty where every element of `got`, itself computed in float64, is the gradient; else the first that is not.
inline std::string difference(const std::vector<Real>& got, const Gradient& expected) {
  if (got.size() != expected.value.size()) return "expected " + std::to_string(expected.value.size()) + " elements";
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::fabs(got[i] - expected.value[i]) <= expected.bound[i]) continue;
    return "[" + std::to_string(i) + "]: expected " + std::to_string(expected.value[i]) + ", got " +
           std::to_string(got[i]) + ", off by " +
           std::to_string(std::fabs(got[i] - expected.value[i]) / expected.bound[i]) + " bounds";
  }
  return "";
}

}  // namespace poise::test
