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

// Rows added to a lane's sums before they go back to memory: far ones, as that many streams. More would meet in few
// cache sets where the rows' distance is a power of two.
inline constexpr std::int64_t rows_a_step = 8;

// One vector of lanes: what is collected of it lives in memory between groups of rows.
struct ColumnMoment {
  VD pivot, s, q;
  HWY_INLINE ColumnMoment(const MeasureColumns& m, std::int64_t j)
      : pivot(hn::LoadU(DD(), m.pivot + j)), s(hn::LoadU(DD(), m.s + j)), q(hn::LoadU(DD(), m.q + j)) {}
  HWY_INLINE void add(VD v) {
    const VD d = about(v, pivot);
    s = hn::Add(s, d);
    q = hn::MulAdd(d, d, q);
  }
  HWY_INLINE void save(const MeasureColumns& m, std::int64_t j) const {
    hn::StoreU(s, DD(), m.s + j);
    hn::StoreU(q, DD(), m.q + j);
  }
};

struct ColumnRange {
  VD s, q;
  HWY_INLINE ColumnRange(const MeasureColumns& m, std::int64_t j)
      : s(hn::LoadU(DD(), m.s + j)), q(hn::LoadU(DD(), m.q + j)) {}
  // Minimum instructions drop a NaN: once in, it is put back.
  HWY_INLINE void add(VD v) {
    const auto nan = hn::Or(hn::IsNaN(v), hn::IsNaN(s));
    const VD poison = hn::Set(DD(), NAN);
    s = hn::IfThenElse(nan, poison, hn::Min(s, v));
    q = hn::IfThenElse(nan, poison, hn::Max(q, v));
  }
  HWY_INLINE void save(const MeasureColumns& m, std::int64_t j) const {
    hn::StoreU(s, DD(), m.s + j);
    hn::StoreU(q, DD(), m.q + j);
  }
};

// Lanes [j, j + 2 steps) of `rows` rows: a whole cache line of float32 is used while it is there.
template <class Op, class X>
HWY_INLINE void measure_lines(const MeasureColumns& m, const X* x, std::int64_t stride, std::int64_t j,
                              std::int64_t rows) {
  const auto half = half_step();
  Op a(m, j), b(m, j + half), c(m, j + 2 * half), d(m, j + 3 * half);
  HWY_UNROLL(4)
  for (std::int64_t r = 0; r < rows; ++r) {
    const X* row = x + r * stride + j;
    prefetch_page(row, 2 * step());
    VD v, w;
    load_step(row, v, w);
    a.add(v);
    b.add(w);
    load_step(row + step(), v, w);
    c.add(v);
    d.add(w);
  }
  a.save(m, j);
  b.save(m, j + half);
  c.save(m, j + 2 * half);
  d.save(m, j + 3 * half);
}

// Up to a step of lanes. The sums past the end may be another piece's: they get back what they held.
template <class Op, class X>
HWY_NOINLINE void measure_rest(const MeasureColumns& m, const X* x, std::int64_t stride, std::int64_t j,
                               std::int64_t rows) {
  const auto half = half_step();
  const std::int64_t count = m.lanes - j < step() ? m.lanes - j : step();
  const auto past = static_cast<std::size_t>(step() - count) * sizeof(double);
  HWY_ALIGN double s[max_step], q[max_step];
  std::memcpy(s, m.s + j + count, past);
  std::memcpy(q, m.q + j + count, past);
  Op a(m, j), b(m, j + half);
  for (std::int64_t r = 0; r < rows; ++r) {
    const Padded<X> padded(x + r * stride + j, count);
    VD v, w;
    load_step(padded.lanes, v, w);
    a.add(v);
    b.add(w);
  }
  a.save(m, j);
  b.save(m, j + half);
  std::memcpy(m.s + j + count, s, past);
  std::memcpy(m.q + j + count, q, past);
}

template <class Op, class X>
HWY_INLINE void measure_group(const MeasureColumns& m, std::int64_t first, std::int64_t stride, std::int64_t rows) {
  const X* x = static_cast<const X*>(m.x) + first * m.stride;
  std::int64_t j = 0;
  for (; j + 2 * step() <= m.lanes; j += 2 * step()) {
    if (rows == rows_a_step) {
      measure_lines<Op>(m, x, stride, j, rows_a_step);
    } else {
      measure_lines<Op>(m, x, stride, j, rows);
    }
  }
  for (; j < m.lanes; j += step()) measure_rest<Op>(m, x, stride, j, rows);
}

// The order in which a lane adds its rows depends on their number alone.
template <class Op, class X>
HWY_NOINLINE void measure_columns(const MeasureColumns& m) {
  const std::int64_t quarter = m.rows / rows_a_step;
  for (std::int64_t r = 0; r < quarter; ++r) measure_group<Op, X>(m, r, quarter * m.stride, rows_a_step);
  const std::int64_t done = quarter * rows_a_step;
  if (done < m.rows) measure_group<Op, X>(m, done, m.stride, m.rows - done);
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
HWY_INLINE void map_row(const MapColumns& m, std::int64_t r) {
  const MapRow<X, Y, kMode> row(m, r);
  std::int64_t j = m.streaming ? elements_to_line(row.y, m.lanes) : 0;
  if (j > 0) row.stretch(0, j);
  for (; j + step() <= m.lanes; j += step()) {
    prefetch_page(row.x + j, step());
    row.one(j, m.streaming);
    if constexpr (std::is_same_v<Compute<X>, double>) {
      row.one(j + half_step(), m.streaming);
    }
  }
  if (j < m.lanes) row.stretch(j, m.lanes);
}

// Rows a quarter apart in turn: four far streams.
template <class X, class Y, ColumnGamma kMode>
HWY_NOINLINE void map_columns(const MapColumns& m) {
  const std::int64_t quarter = m.rows / max_streams;
  for (std::int64_t r = 0; r < quarter; ++r)
    for (int k = 0; k < max_streams; ++k) map_row<X, Y, kMode>(m, r + k * quarter);
  for (std::int64_t r = max_streams * quarter; r < m.rows; ++r) map_row<X, Y, kMode>(m, r);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
