// Local response norm's loops in plain C++: the readable reference, each element in float64 and rounded once.

#include <poise/dtype.h>

#include <cmath>

#include "kernels/pairs.h"
#include "kernels/scalar_element.h"
#include "kernels/tables.h"

namespace poise {
namespace {

using scalar::Compute;
using scalar::load;
using scalar::store;

double sum_at(const LocalResponse& m, std::int64_t r, std::int64_t j) noexcept {
  double sum = 0;
  for (std::int64_t i = 0; i < m.taps; ++i) sum += static_cast<const double*>(m.tap[i])[r * m.tap_pitch + j];
  return sum;
}
// S of forward and slopes.
template <class T>
double squares_at(const LocalResponse& m, std::int64_t r, std::int64_t j) noexcept {
  if (!m.taps_are_elements) return sum_at(m, r, j);
  double sum = 0;
  for (std::int64_t i = 0; i < m.taps; ++i) {
    const double v = static_cast<const T*>(m.tap[i])[r * m.tap_pitch + j];
    sum += v * v;
  }
  return sum;
}

template <class X>
const X& x_at(const LocalResponse& m, std::int64_t r, std::int64_t j) noexcept {
  return static_cast<const X*>(m.x)[r * m.x_pitch + j];
}

template <class Element>
void for_elements(const LocalResponse& m, Element element) noexcept {
  for (std::int64_t r = 0; r < m.rows; ++r)
    for (std::int64_t j = 0; j < m.lanes; ++j) element(r, j);
}

void response_sums(const LocalResponse& m) {
  for_elements(m, [&](std::int64_t r, std::int64_t j) { m.terms[r * m.terms_pitch + j] = sum_at(m, r, j); });
}

template <class X>
struct Widen {
  static void run(const LocalResponse& m) {
    for_elements(m, [&](std::int64_t r, std::int64_t j) {
      static_cast<Compute<X>*>(m.elements)[r * m.elements_pitch + j] = load(x_at<X>(m, r, j));
    });
  }
};

template <class X>
struct Squares {
  static void run(const LocalResponse& m) {
    for_elements(m, [&](std::int64_t r, std::int64_t j) {
      const double x = load(x_at<X>(m, r, j));
      m.terms[r * m.terms_pitch + j] = x * x;
    });
  }
};

double power(const LocalResponse& m, double b) noexcept { return b == 0 ? 0 : std::pow(b, -m.exponent); }

template <class X, class Y>
struct Forward {
  static void run(const LocalResponse& m) {
    for_elements(m, [&](std::int64_t r, std::int64_t j) {
      const double f = power(m, std::fma(m.alpha, squares_at<Compute<X>>(m, r, j), m.k));
      store(static_cast<Compute<X>>(load(x_at<X>(m, r, j)) * f), static_cast<Y*>(m.y)[r * m.y_pitch + j]);
    });
  }
};

template <class X>
struct Slopes {
  static void run(const LocalResponse& m) {
    for_elements(m, [&](std::int64_t r, std::int64_t j) {
      const double b = std::fma(m.alpha, squares_at<Compute<X>>(m, r, j), m.k), f = power(m, b);
      const double x = load(x_at<X>(m, r, j)), dy = load(static_cast<const X*>(m.dy)[r * m.dy_pitch + j]);
      static_cast<Compute<X>*>(m.scaled)[r * m.scaled_pitch + j] = static_cast<Compute<X>>(dy * f);
      m.terms[r * m.terms_pitch + j] = b == 0 ? 0 : dy * x * (f / b);
    });
  }
};

template <class X>
struct Backward {
  using T = Compute<X>;
  static void run(const LocalResponse& m) {
    for_elements(m, [&](std::int64_t r, std::int64_t j) {
      const T product = static_cast<T>(sum_at(m, r, j) * m.factor * load(x_at<X>(m, r, j)));
      const T scaled = static_cast<const T*>(m.scaled)[r * m.scaled_pitch + j];
      store(static_cast<T>(scaled - product), static_cast<X*>(m.y)[r * m.y_pitch + j]);
    });
  }
};

}  // namespace

void fill_scalar_local_response(Kernels& kernels) noexcept {
  kernels.response_sums = &response_sums;
  fill_measures<Widen>(kernels.response_widen);
  fill_measures<Squares>(kernels.response_squares);
  fill_maps<Forward>(kernels.response_forward);
  fill_fused<Slopes>(kernels.response_slopes);
  fill_fused<Backward>(kernels.response_backward);
}

}  // namespace poise
