// The matrix loops of every SIMD instruction set that this compiler can make.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matrix.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/element-inl.h"
#include "kernels/matrix.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Two vectors of doubles, the step of a line.
struct Pair {
  VD a, b;
};

template <class X>
HWY_INLINE Pair load_pair(const X* x) {
  Pair p;
  load_step(x, p.a, p.b);
  return p;
}

HWY_INLINE void store_pair(Pair v, double* y) {
  hn::StoreU(v.a, DD(), y);
  hn::StoreU(v.b, DD(), y + hn::Lanes(DD()));
}
template <class X>
HWY_INLINE void store_pair(Pair v, X* y) {
  const auto low = hn::DemoteTo(DFHalf(), v.a), high = hn::DemoteTo(DFHalf(), v.b);
  store(hn::Combine(DF(), high, low), y, false);
}

// Four sums, so that none is a chain that waits for itself.
template <class Load>
HWY_INLINE double sum_of_products(std::int64_t length, Load load) {
  const std::int64_t n = step();
  VD s0 = hn::Zero(DD()), s1 = s0, s2 = s0, s3 = s0;
  const auto add = [&](std::int64_t i, std::int64_t count, VD& s, VD& t) HWY_ATTR {
    Pair x, y;
    load(i, count, x, y);
    s = hn::MulAdd(x.a, y.a, s);
    t = hn::MulAdd(x.b, y.b, t);
  };
  std::int64_t i = 0;
  for (; i + 2 * n <= length; i += 2 * n) {
    add(i, n, s0, s1);
    add(i + n, n, s2, s3);
  }
  if (i + n <= length) {
    add(i, n, s0, s1);
    i += n;
  }
  if (i < length) add(i, length - i, s2, s3);
  return hn::GetLane(hn::SumOfLanes(DD(), hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

template <class X>
HWY_INLINE Pair load_some(const X* x, std::int64_t count) {
  return count == step() ? load_pair(x) : load_pair(Padded<X>(x, count).lanes);
}

template <class X>
struct Dot {
  static double run(const void* x, const double* p, std::int64_t length) {
    return sum_of_products(length, [&](std::int64_t i, std::int64_t count, Pair& a, Pair& b) HWY_ATTR {
      a = load_some(static_cast<const X*>(x) + i, count);
      b = load_some(p + i, count);
    });
  }
};

template <class X>
HWY_INLINE const X* line_of(const Lines& m, int k) {
  return static_cast<const X*>(m.x[k]);
}
template <class X>
HWY_INLINE void prefetch_ahead(const X* x, std::int64_t ahead, std::int64_t count) {
  prefetch(reinterpret_cast<const X*>(reinterpret_cast<const char*>(x) + ahead), count);
}

// A step of one of the lines.
template <class X>
HWY_INLINE void add_products(const X* x, std::int64_t ahead, Pair y, VD& a, VD& b) {
  prefetch_ahead(x, ahead, step());
  const Pair v = load_pair(x);
  a = hn::MulAdd(v.a, y.a, a);
  b = hn::MulAdd(v.b, y.b, b);
}

template <class X>
struct Dots {
  static void run(const Lines& m, const double* p, double* sums, std::int64_t length) {
    const X *x0 = line_of<X>(m, 0), *x1 = line_of<X>(m, 1), *x2 = line_of<X>(m, 2), *x3 = line_of<X>(m, 3);
    VD a0 = hn::Zero(DD()), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    const std::int64_t n = step();
    std::int64_t i = 0;
    for (; i + n <= length; i += n) {
      const Pair y = load_pair(p + i);
      add_products(x0 + i, m.ahead, y, a0, b0);
      add_products(x1 + i, m.ahead, y, a1, b1);
      add_products(x2 + i, m.ahead, y, a2, b2);
      add_products(x3 + i, m.ahead, y, a3, b3);
    }
    const auto sum = [](VD a, VD b) HWY_ATTR { return hn::GetLane(hn::SumOfLanes(DD(), hn::Add(a, b))); };
    sums[0] += sum(a0, b0), sums[1] += sum(a1, b1), sums[2] += sum(a2, b2), sums[3] += sum(a3, b3);
    for (int k = 0; i < length && k < lines_together; ++k) {
      sums[k] += Dot<X>::run(line_of<X>(m, k) + i, p + i, length - i);
    }
  }
};

template <class X>
struct Product {
  static double run(const void* x, const void* y, std::int64_t length) {
    return sum_of_products(length, [&](std::int64_t i, std::int64_t count, Pair& a, Pair& b) HWY_ATTR {
      a = load_some(static_cast<const X*>(x) + i, count);
      b = load_some(static_cast<const X*>(y) + i, count);
    });
  }
};

// y[i] = f(i, count), `count` elements from i on, in steps; the last one is cut to what is left.
template <class Y, class F>
HWY_INLINE void for_each_step(Y* y, std::int64_t length, F f) {
  const std::int64_t n = step();
  std::int64_t i = 0;
  for (; i + n <= length; i += n) store_pair(f(i, n), y + i);
  if (i == length) return;
  Y out[max_step];
  store_pair(f(i, length - i), out);
  std::memcpy(static_cast<void*>(y + i), out, static_cast<std::size_t>(length - i) * sizeof(Y));
}

template <class X>
struct Add {
  static void run(const void* x, double c, double* acc, std::int64_t length) {
    const VD factor = hn::Set(DD(), c);
    for_each_step(acc, length, [&](std::int64_t i, std::int64_t count) HWY_ATTR {
      const Pair v = load_some(static_cast<const X*>(x) + i, count), sum = load_some(acc + i, count);
      return Pair{hn::MulAdd(v.a, factor, sum.a), hn::MulAdd(v.b, factor, sum.b)};
    });
  }
};

template <class X>
struct Adds {
  static void run(const Lines& m, const double* c, double* acc, std::int64_t length) {
    const X *x0 = line_of<X>(m, 0), *x1 = line_of<X>(m, 1), *x2 = line_of<X>(m, 2), *x3 = line_of<X>(m, 3);
    const VD c0 = hn::Set(DD(), c[0]), c1 = hn::Set(DD(), c[1]), c2 = hn::Set(DD(), c[2]), c3 = hn::Set(DD(), c[3]);
    const std::int64_t n = step();
    std::int64_t i = 0;
    for (; i + n <= length; i += n) {
      Pair sum = load_pair(acc + i);
      add_products(x0 + i, m.ahead, {c0, c0}, sum.a, sum.b);
      add_products(x1 + i, m.ahead, {c1, c1}, sum.a, sum.b);
      add_products(x2 + i, m.ahead, {c2, c2}, sum.a, sum.b);
      add_products(x3 + i, m.ahead, {c3, c3}, sum.a, sum.b);
      store_pair(sum, acc + i);
    }
    for (int k = 0; i < length && k < lines_together; ++k) {
      Add<X>::run(line_of<X>(m, k) + i, c[k], acc + i, length - i);
    }
  }
};

template <class X>
struct MapRankOne {
  static void run(const RankOne& r, std::int64_t length) {
    const VD a = hn::Set(DD(), r.a), c = hn::Set(DD(), r.c);
    for_each_step(static_cast<X*>(r.dx), length, [&](std::int64_t i, std::int64_t count) HWY_ATTR {
      const Pair dy = load_some(static_cast<const X*>(r.dy) + i, count), p = load_some(r.p + i, count);
      return Pair{hn::MulAdd(a, dy.a, hn::Mul(c, p.a)), hn::MulAdd(a, dy.b, hn::Mul(c, p.b))};
    });
  }
};

void fill_matrix(MatrixKernels& kernels) noexcept {
  fill_floating<Dot>(kernels.dot);
  fill_floating<Add>(kernels.add);
  fill_floating<Dots>(kernels.dots);
  fill_floating<Adds>(kernels.adds);
  fill_floating<Product>(kernels.product);
  fill_floating<MapRankOne>(kernels.rank_one);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_matrix(Target target, MatrixKernels& kernels) noexcept { POISE_FOR_TARGET(target, fill_matrix, kernels); }

const MatrixKernels& matrix_kernels_for(Target target) noexcept {
  return table_for<MatrixKernels>(target, fill_matrix, fill_matrix_scalar);
}

}  // namespace poise
#endif
