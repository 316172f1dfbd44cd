// Loops over rows whose lanes are different units. Included once per instruction set.

#if defined(POISE_KERNELS_COLUMNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_COLUMNS_INL_H_
#undef POISE_KERNELS_COLUMNS_INL_H_
#else
#define POISE_KERNELS_COLUMNS_INL_H_
#endif

#include "kernels/element-inl.h"
#include "kernels/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Rows added to a lane's sums before they go back to memory.
inline constexpr std::int64_t rows_a_step = 8;

// What happens to the two halves of a lane step; `s` and `q` live in memory between groups of rows.
struct ColumnMoment {
  static constexpr bool needs_pivot = true;
  HWY_INLINE static void add(VD v, VD pivot, VD& s, VD& q) {
    const VD d = hn::Sub(v, pivot);
    s = hn::Add(s, d);
    q = hn::MulAdd(d, d, q);
  }
};

struct ColumnRange {
  static constexpr bool needs_pivot = false;
  // A NaN, once in, stays: it compares unequal to itself in the sum that selects it.
  HWY_INLINE static void add(VD v, VD, VD& s, VD& q) {
    const auto nan = hn::Or(hn::IsNaN(v), hn::IsNaN(s));
    const VD poison = hn::Set(DD(), NAN);
    s = hn::IfThenElse(nan, poison, hn::Min(s, v));
    q = hn::IfThenElse(nan, poison, hn::Max(q, v));
  }
};

// Lanes [j, j + step) of `rows` rows; load_row reads one step of a row.
template <class Op, class X, class LoadRow>
HWY_INLINE void measure_step(const MeasureColumns& m, const X* x, std::int64_t j, std::int64_t rows, LoadRow load_row) {
  const auto half = static_cast<std::int64_t>(hn::Lanes(DD()));
  VD s0 = hn::LoadU(DD(), m.s + j), s1 = hn::LoadU(DD(), m.s + j + half);
  VD q0 = hn::LoadU(DD(), m.q + j), q1 = hn::LoadU(DD(), m.q + j + half);
  VD p0 = hn::Zero(DD()), p1 = hn::Zero(DD());
  if constexpr (Op::needs_pivot) {
    p0 = hn::LoadU(DD(), m.pivot + j);
    p1 = hn::LoadU(DD(), m.pivot + j + half);
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    VD a, b;
    load_row(x + r * m.stride + j, a, b);
    Op::add(a, p0, s0, q0);
    Op::add(b, p1, s1, q1);
  }
  hn::StoreU(s0, DD(), m.s + j);
  hn::StoreU(s1, DD(), m.s + j + half);
  hn::StoreU(q0, DD(), m.q + j);
  hn::StoreU(q1, DD(), m.q + j + half);
}

template <class Op, class X>
HWY_NOINLINE void measure_columns(const MeasureColumns& m) {
  const auto whole = [](const X* p, VD& a, VD& b) HWY_ATTR { load_step(p, a, b); };
  for (std::int64_t r = 0; r < m.rows; r += rows_a_step) {
    const std::int64_t rows = m.rows - r < rows_a_step ? m.rows - r : rows_a_step;
    const X* x = static_cast<const X*>(m.x) + r * m.stride;
    std::int64_t j = 0;
    for (; j + step() <= m.lanes; j += step()) {
      if (rows == rows_a_step) {
        measure_step<Op>(m, x, j, rows_a_step, whole);
      } else {
        measure_step<Op>(m, x, j, rows, whole);
      }
    }
    if (j < m.lanes) {
      const std::int64_t count = m.lanes - j;
      const auto part = [count](const X* p, VD& a, VD& b) HWY_ATTR {
        const Padded<X> padded(p, count);
        load_step(padded.lanes, a, b);
      };
      // The lanes past the end may be another piece's sums: they get back what they held.
      HWY_ALIGN double s[max_step], q[max_step];
      const auto past = static_cast<std::size_t>(step() - count);
      std::memcpy(s, m.s + m.lanes, past * sizeof(double));
      std::memcpy(q, m.q + m.lanes, past * sizeof(double));
      measure_step<Op>(m, x, j, rows, part);
      std::memcpy(m.s + m.lanes, s, past * sizeof(double));
      std::memcpy(m.q + m.lanes, q, past * sizeof(double));
    }
  }
}

// One row of lanes through its coefficients.
template <class X, class Y, ColumnGamma kMode>
struct MapRow {
  using T = Compute<X>;
  const X* x;
  Y* y;
  const T *hi, *scale, *shift, *gamma, *beta;
  std::int64_t gamma_step, beta_step;

  HWY_INLINE MapRow(const MapColumns& m, std::int64_t r)
      : x(static_cast<const X*>(m.x) + r * m.x_stride),
        y(static_cast<Y*>(m.y) + r * m.y_stride),
        hi(static_cast<const T*>(m.hi)),
        scale(static_cast<const T*>(m.scale)),
        shift(static_cast<const T*>(m.shift)),
        gamma(nullptr),
        beta(nullptr),
        gamma_step(m.gamma_step),
        beta_step(m.beta_step) {
    if constexpr (kMode != ColumnGamma::none) {
      gamma = static_cast<const T*>(m.gamma) + r * m.gamma_stride;
      beta = static_cast<const T*>(m.beta) + r * m.beta_stride;
    }
  }
  HWY_INLINE Vector<T> value(Vector<T> v, std::int64_t j) const {
    v = hn::MulAdd(hn::Sub(v, load(hi + j)), load(scale + j), load(shift + j));
    if constexpr (kMode == ColumnGamma::row) v = hn::MulAdd(v, hn::Set(Tag<T>(), *gamma), hn::Set(Tag<T>(), *beta));
    return v;
  }
  HWY_INLINE void one(std::int64_t j, bool streaming) const {
    Vector<T> v = value(load(x + j), j);
    if constexpr (kMode == ColumnGamma::element) {
      v = hn::MulAdd(v, load(gamma + j * gamma_step), load(beta + j * beta_step));
    }
    store(v, y + j, streaming);
  }
  HWY_INLINE void stretch(std::int64_t from, std::int64_t to) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    for (; from + lanes <= to; from += lanes) one(from, false);
    if (from < to) rest(from, to - from);
  }
  // The coefficients are padded, so only x, y, gamma and beta end here.
  HWY_NOINLINE void rest(std::int64_t from, std::int64_t count) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    const Padded<X> in(x + from, count);
    Y out[max_step];
    Vector<T> v = value(load(in.lanes), from);
    if constexpr (kMode == ColumnGamma::element) {
      const Padded<T> g(gamma + from * gamma_step, gamma_step == 0 ? lanes : count);
      const Padded<T> b(beta + from * beta_step, beta_step == 0 ? lanes : count);
      v = hn::MulAdd(v, load(g.lanes), load(b.lanes));
    }
    store(v, out, false);
    std::memcpy(static_cast<void*>(y + from), out, static_cast<std::size_t>(count) * sizeof(Y));
  }
};

template <class X, class Y, ColumnGamma kMode>
HWY_NOINLINE void map_columns(const MapColumns& m) {
  for (std::int64_t r = 0; r < m.rows; ++r) {
    const MapRow<X, Y, kMode> row(m, r);
    std::int64_t j = m.streaming ? elements_to_line(row.y, m.lanes) : 0;
    if (j > 0) row.stretch(0, j);
    for (; j + step() <= m.lanes; j += step()) {
      row.one(j, m.streaming);
      if constexpr (std::is_same_v<Compute<X>, double>) {
        row.one(j + static_cast<std::int64_t>(hn::Lanes(DD())), m.streaming);
      }
    }
    if (j < m.lanes) row.stretch(j, m.lanes);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
