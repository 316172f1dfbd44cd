// The matrix loops in plain C++.

#include "kernels/matrix.h"

#include <cmath>

#include "core/element.h"

namespace poise {
namespace {

template <class X>
double at(const void* x, std::int64_t i) noexcept {
  return element_at(x, DTypeOf<X>::value, i);
}

template <class X>
struct Dot {
  static double run(const void* x, const double* p, std::int64_t length) {
    double sum = 0;
    for (std::int64_t i = 0; i < length; ++i) sum = std::fma(at<X>(x, i), p[i], sum);
    return sum;
  }
};

template <class X>
struct Product {
  static double run(const void* x, const void* y, std::int64_t length) {
    double sum = 0;
    for (std::int64_t i = 0; i < length; ++i) sum = std::fma(at<X>(x, i), at<X>(y, i), sum);
    return sum;
  }
};

template <class X>
struct Add {
  static void run(const void* x, double c, double* acc, std::int64_t length) {
    for (std::int64_t i = 0; i < length; ++i) acc[i] = std::fma(at<X>(x, i), c, acc[i]);
  }
};

template <class X>
struct Dots {
  static void run(const Lines& m, const double* p, double* sums, std::int64_t length) {
    for (int k = 0; k < lines_together; ++k) sums[k] += Dot<X>::run(m.x[k], p, length);
  }
};

template <class X>
struct Adds {
  static void run(const Lines& m, const double* c, double* acc, std::int64_t length) {
    for (int k = 0; k < lines_together; ++k) Add<X>::run(m.x[k], c[k], acc, length);
  }
};

template <class X>
struct MapRankOne {
  static void run(const RankOne& r, std::int64_t length) {
    for (std::int64_t i = 0; i < length; ++i) {
      set_element(r.dx, DTypeOf<X>::value, i, std::fma(r.a, at<X>(r.dy, i), r.c * r.p[i]));
    }
  }
};

}  // namespace

void fill_matrix_scalar(MatrixKernels& kernels) noexcept {
  fill_floating<Dot>(kernels.dot);
  fill_floating<Add>(kernels.add);
  fill_floating<Dots>(kernels.dots);
  fill_floating<Adds>(kernels.adds);
  fill_floating<Product>(kernels.product);
  fill_floating<MapRankOne>(kernels.rank_one);
}

}  // namespace poise
