// The loops of a backward pass over columns, and those of gamma's and beta's gradients. Included once per instruction
// set.

#if defined(POISE_KERNELS_GRADIENT_COLUMNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_GRADIENT_COLUMNS_INL_H_
#undef POISE_KERNELS_GRADIENT_COLUMNS_INL_H_
#else
#define POISE_KERNELS_GRADIENT_COLUMNS_INL_H_
#endif

#include <algorithm>

#include "kernels/element-inl.h"
#include "kernels/gradient.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Rows added to a lane's sums before they go back to memory: far ones, as that many streams.
inline constexpr std::int64_t gradient_rows = 4;

template <class X, ColumnGamma kMode>
struct GradientRow {
  using T = Compute<X>;
  const X *x, *dy;
  X* dx;
  const T* gamma;
  std::int64_t gamma_step;
  HWY_INLINE GradientRow(const GradientColumns& g, std::int64_t r)
      : x(static_cast<const X*>(g.x) + r * g.x_stride),
        dy(static_cast<const X*>(g.dy) + r * g.dy_stride),
        dx(g.dx == nullptr ? nullptr : static_cast<X*>(g.dx) + r * g.dx_stride),
        gamma(static_cast<const T*>(g.gamma) + r * g.gamma_stride),
        gamma_step(g.gamma_step) {}
  // dy, weighted with gamma where gamma changes from row to row.
  HWY_INLINE void weighted(const X* at_dy, const T* at_gamma, VD& a, VD& b) const {
    load_step(at_dy, a, b);
    VD ga, gb;
    if constexpr (kMode == ColumnGamma::row) ga = gb = hn::Set(DD(), static_cast<double>(*gamma));
    if constexpr (kMode == ColumnGamma::element) load_step(at_gamma, ga, gb);
    if constexpr (kMode != ColumnGamma::none) {
      a = hn::Mul(a, ga);
      b = hn::Mul(b, gb);
    }
  }
};

// A few rows, `apart` from each other.
struct RowGroup {
  std::int64_t first = 0, rows = 0, apart = 1;
};

// What the rows of a group add to gamma's and beta's gradients, half a step of each.
struct RowSums {
  HWY_ALIGN double dgamma[gradient_rows][max_step / 2], dbeta[gradient_rows][max_step / 2];
  HWY_INLINE void clear() {
    for (std::int64_t r = 0; r < gradient_rows; ++r) {
      hn::Store(hn::Zero(DD()), DD(), dgamma[r]);
      hn::Store(hn::Zero(DD()), DD(), dbeta[r]);
    }
  }
  HWY_INLINE void add(std::int64_t r, VD to_gamma, VD to_beta) {
    hn::Store(hn::Add(hn::Load(DD(), dgamma[r]), to_gamma), DD(), dgamma[r]);
    hn::Store(hn::Add(hn::Load(DD(), dbeta[r]), to_beta), DD(), dbeta[r]);
  }
  HWY_INLINE void write(const GradientColumns& g, const RowGroup& group) const {
    for (std::int64_t r = 0; r < group.rows; ++r) {
      const std::int64_t row = group.first + r * group.apart;
      g.row_dgamma[row] = hn::GetLane(hn::SumOfLanes(DD(), hn::Load(DD(), dgamma[r])));
      g.row_dbeta[row] = hn::GetLane(hn::SumOfLanes(DD(), hn::Load(DD(), dbeta[r])));
    }
  }
};

// A step of lanes from j on over a few rows, or less: then `count`, and the sums are padded. p: null but where powers
// are wanted; rows: null where nobody wants gamma's gradient.
template <class X, ColumnGamma kMode, bool kPowers, bool kWhole>
HWY_INLINE void gradient_lanes(const GradientColumns& g, const RowGroup& group, std::int64_t j, std::int64_t count,
                               double* s, double* q, double* p, const double* center, const double* rstd,
                               RowSums* rows) {
  using T = Compute<X>;
  VD pa = hn::Zero(DD()), pb = pa;
  if constexpr (kPowers) {
    pa = hn::LoadU(DD(), p);
    pb = hn::LoadU(DD(), p + half_step());
  }
  VD sa = hn::LoadU(DD(), s), sb = hn::LoadU(DD(), s + half_step());
  VD qa = hn::LoadU(DD(), q), qb = hn::LoadU(DD(), q + half_step());
  const VD ca = hn::LoadU(DD(), center), cb = hn::LoadU(DD(), center + half_step());
  for (std::int64_t r = 0; r < group.rows; ++r) {
    const GradientRow<X, kMode> row(g, group.first + r * group.apart);
    VD xa, xb, a, b;
    if constexpr (kWhole) {
      load_step(row.x + j, xa, xb);
      row.weighted(row.dy + j, row.gamma + j * row.gamma_step, a, b);
    } else {
      const Padded<X> px(row.x + j, count), pdy(row.dy + j, count);
      load_step(px.lanes, xa, xb);
      if constexpr (kMode == ColumnGamma::element) {
        const Padded<T> pg(row.gamma + j * row.gamma_step, row.gamma_step == 0 ? step() : count);
        row.weighted(pdy.lanes, pg.lanes, a, b);
      } else {
        row.weighted(pdy.lanes, nullptr, a, b);
      }
    }
    sa = hn::Add(sa, a);
    sb = hn::Add(sb, b);
    xa = about(xa, ca);
    xb = about(xb, cb);
    qa = hn::MulAdd(a, xa, qa);
    qb = hn::MulAdd(b, xb, qb);
    if constexpr (kPowers) {
      pa = hn::MulAdd(xa, xa, pa);
      pb = hn::MulAdd(xb, xb, pb);
    }
    if constexpr (kMode == ColumnGamma::row) {
      if (rows == nullptr) continue;
      kWhole ? load_step(row.dy + j, a, b) : load_step(Padded<X>(row.dy + j, count).lanes, a, b);
      const VD ra = hn::LoadU(DD(), rstd), rb = hn::LoadU(DD(), rstd + half_step());
      rows->add(r, hn::MulAdd(hn::Mul(a, xa), ra, hn::Mul(hn::Mul(b, xb), rb)), hn::Add(a, b));
    }
  }
  hn::StoreU(sa, DD(), s);
  hn::StoreU(sb, DD(), s + half_step());
  hn::StoreU(qa, DD(), q);
  hn::StoreU(qb, DD(), q + half_step());
  if constexpr (kPowers) {
    hn::StoreU(pa, DD(), p);
    hn::StoreU(pb, DD(), p + half_step());
  }
}
template <class X, ColumnGamma kMode, bool kPowers>
HWY_INLINE void gradient_step(const GradientColumns& g, const RowGroup& group, std::int64_t j, RowSums* rows) {
  gradient_lanes<X, kMode, kPowers, true>(g, group, j, step(), g.s + j, g.q + j, kPowers ? g.p + j : nullptr,
                                          g.center + j, g.rstd + (rows ? j : 0), rows);
}
// The sums past the end may be another piece's.
template <class X, ColumnGamma kMode, bool kPowers>
HWY_INLINE void gradient_rest(const GradientColumns& g, const RowGroup& group, std::int64_t j, RowSums* rows) {
  const std::int64_t count = g.lanes - j;
  Padded<double> s(g.s + j, count), q(g.q + j, count), p(kPowers ? g.p + j : nullptr, kPowers ? count : 0);
  const Padded<double> center(g.center + j, count);
  const Padded<double> rstd(rows == nullptr ? nullptr : g.rstd + j, rows == nullptr ? 0 : count);
  gradient_lanes<X, kMode, kPowers, false>(g, group, j, count, s.lanes, q.lanes, p.lanes, center.lanes, rstd.lanes,
                                           rows);
  const auto bytes = static_cast<std::size_t>(count) * sizeof(double);
  std::memcpy(g.s + j, s.lanes, bytes);
  std::memcpy(g.q + j, q.lanes, bytes);
  if constexpr (kPowers) std::memcpy(g.p + j, p.lanes, bytes);
}

template <class X, ColumnGamma kMode, bool kPowers>
HWY_INLINE void gradient_group(const GradientColumns& g, const RowGroup& group) {
  RowSums sums;
  RowSums* const rows = kMode == ColumnGamma::row && g.row_dgamma != nullptr ? &sums : nullptr;
  if (rows != nullptr) sums.clear();
  std::int64_t j = 0;
  for (; j + 2 * step() <= g.lanes; j += 2 * step()) {
    for (std::int64_t r = group.first; r < group.first + group.rows * group.apart; r += group.apart) {
      prefetch_page(static_cast<const X*>(g.x) + r * g.x_stride + j, 2 * step());
      prefetch_page(static_cast<const X*>(g.dy) + r * g.dy_stride + j, 2 * step());
    }
    gradient_step<X, kMode, kPowers>(g, group, j, rows);
    gradient_step<X, kMode, kPowers>(g, group, j + step(), rows);
  }
  if (j + step() <= g.lanes) {
    gradient_step<X, kMode, kPowers>(g, group, j, rows);
    j += step();
  }
  if (j < g.lanes) gradient_rest<X, kMode, kPowers>(g, group, j, rows);
  if (rows != nullptr) sums.write(g, group);
}

// Rows a quarter apart, as streams. The order in which a lane adds its rows depends on their number alone.
template <class X, ColumnGamma kMode, bool kPowers>
HWY_NOINLINE void gradient_measure_columns(const GradientColumns& g) {
  const std::int64_t quarter = g.rows / gradient_rows, done = quarter * gradient_rows;
  for (std::int64_t r = 0; r < quarter; ++r) gradient_group<X, kMode, kPowers>(g, {r, gradient_rows, quarter});
  if (done < g.rows) gradient_group<X, kMode, kPowers>(g, {done, g.rows - done, 1});
}

template <class X, ColumnGamma kMode>
struct GradientMapRow : GradientRow<X, kMode> {
  using Row = GradientRow<X, kMode>;
  using T = Compute<X>;
  const T *hi, *scale, *a, *b;
  HWY_INLINE GradientMapRow(const GradientColumns& g, std::int64_t r)
      : Row(g, r),
        hi(static_cast<const T*>(g.hi)),
        scale(static_cast<const T*>(g.scale)),
        a(static_cast<const T*>(g.a)),
        b(static_cast<const T*>(g.b)) {}
  HWY_INLINE Vector<T> value(Vector<T> vx, Vector<T> vdy, std::int64_t j, const T* at_gamma) const {
    Vector<T> s = load(scale + j);
    if constexpr (kMode == ColumnGamma::row) s = hn::Mul(s, hn::Set(Tag<T>(), *Row::gamma));
    if constexpr (kMode == ColumnGamma::element) s = hn::Mul(s, load(at_gamma));
    return hn::MulAdd(s, vdy, hn::MulAdd(load(a + j), hn::Sub(vx, load(hi + j)), load(b + j)));
  }
  HWY_INLINE void one(std::int64_t j, bool streaming) const {
    store(value(load(Row::x + j), load(Row::dy + j), j, Row::gamma + j * Row::gamma_step), Row::dx + j, streaming);
  }
  HWY_NOINLINE void stretch(std::int64_t from, std::int64_t to) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    for (; from + lanes <= to; from += lanes) one(from, false);
    if (from >= to) return;
    const std::int64_t count = to - from;
    const Padded<X> px(Row::x + from, count), pdy(Row::dy + from, count);
    const bool along = kMode == ColumnGamma::element && Row::gamma_step != 0;
    const Padded<T> pg(Row::gamma + (along ? from : 0), along ? count : kMode == ColumnGamma::element ? lanes : 0);
    X out[max_step];
    store(value(load(px.lanes), load(pdy.lanes), from, pg.lanes), out, false);
    std::memcpy(static_cast<void*>(Row::dx + from), out, static_cast<std::size_t>(count) * sizeof(X));
  }
};

template <class X, ColumnGamma kMode>
HWY_INLINE void gradient_map_row(const GradientColumns& g, std::int64_t r) {
  const GradientMapRow<X, kMode> row(g, r);
  std::int64_t j = g.streaming ? elements_to_line(row.dx, g.lanes) : 0;
  if (j > 0) row.stretch(0, j);
  for (; j + step() <= g.lanes; j += step()) {
    prefetch_page(row.x + j, step());
    prefetch_page(row.dy + j, step());
    row.one(j, g.streaming);
    if constexpr (std::is_same_v<Compute<X>, double>) row.one(j + half_step(), g.streaming);
  }
  if (j < g.lanes) row.stretch(j, g.lanes);
}

// Rows a quarter apart in turn: four far streams.
template <class X, ColumnGamma kMode>
HWY_NOINLINE void gradient_map_columns(const GradientColumns& g) {
  const std::int64_t quarter = g.rows / max_streams;
  for (std::int64_t r = 0; r < quarter; ++r)
    for (int k = 0; k < max_streams; ++k) gradient_map_row<X, kMode>(g, r + k * quarter);
  for (std::int64_t r = max_streams * quarter; r < g.rows; ++r) gradient_map_row<X, kMode>(g, r);
}

// dy*(x - center)*scale and dy of one step, from memory that may be padded.
template <class X>
HWY_INLINE void parameter_step(const X* x, const X* dy, const double* center, const double* scale, VD& ga, VD& gb,
                               VD& da, VD& db) {
  VD xa, xb;
  load_step(x, xa, xb);
  load_step(dy, da, db);
  VD ca, cb, sa, sb;
  load_step(center, ca, cb);
  load_step(scale, sa, sb);
  ga = hn::Mul(hn::Mul(da, hn::Sub(xa, ca)), sa);
  gb = hn::Mul(hn::Mul(db, hn::Sub(xb, cb)), sb);
}

template <class X>
struct ParameterTail {
  Padded<X> x, dy;
  Padded<double> center, scale;
  HWY_INLINE ParameterTail(const ParameterRun& p, std::int64_t i, std::int64_t count)
      : x(static_cast<const X*>(p.x) + i, count),
        dy(static_cast<const X*>(p.dy) + i, count),
        center(p.center + i, count),
        scale(p.scale + i, count) {}
};

template <class X>
HWY_NOINLINE void parameters_along(const ParameterRun& p) {
  const X* x = static_cast<const X*>(p.x);
  const X* dy = static_cast<const X*>(p.dy);
  VD ga, gb, da, db;
  std::int64_t i = 0;
  const auto add = [&](double* to, VD a, VD b) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(DD(), to), a), DD(), to);
    hn::StoreU(hn::Add(hn::LoadU(DD(), to + half_step()), b), DD(), to + half_step());
  };
  for (; i + step() <= p.length; i += step()) {
    parameter_step(x + i, dy + i, p.center + i, p.scale + i, ga, gb, da, db);
    add(p.dgamma + i, ga, gb);
    add(p.dbeta + i, da, db);
  }
  if (i == p.length) return;
  const std::int64_t count = p.length - i;
  const ParameterTail<X> tail(p, i, count);
  Padded<double> dgamma(p.dgamma + i, count), dbeta(p.dbeta + i, count);
  parameter_step(tail.x.lanes, tail.dy.lanes, tail.center.lanes, tail.scale.lanes, ga, gb, da, db);
  add(dgamma.lanes, ga, gb);
  add(dbeta.lanes, da, db);
  std::memcpy(p.dgamma + i, dgamma.lanes, static_cast<std::size_t>(count) * sizeof(double));
  std::memcpy(p.dbeta + i, dbeta.lanes, static_cast<std::size_t>(count) * sizeof(double));
}

template <class X>
HWY_NOINLINE void parameters_across(const ParameterRun& p) {
  const X* x = static_cast<const X*>(p.x);
  const X* dy = static_cast<const X*>(p.dy);
  VD g0 = hn::Zero(DD()), g1 = g0, d0 = g0, d1 = g0, ga, gb, da, db;
  std::int64_t i = 0;
  const auto add = [&]() HWY_ATTR {
    g0 = hn::Add(g0, ga);
    g1 = hn::Add(g1, gb);
    d0 = hn::Add(d0, da);
    d1 = hn::Add(d1, db);
  };
  for (; i + step() <= p.length; i += step()) {
    parameter_step(x + i, dy + i, p.center + i, p.scale + i, ga, gb, da, db);
    add();
  }
  if (i < p.length) {
    const ParameterTail<X> tail(p, i, p.length - i);
    parameter_step(tail.x.lanes, tail.dy.lanes, tail.center.lanes, tail.scale.lanes, ga, gb, da, db);
    add();
  }
  *p.dgamma += hn::GetLane(hn::SumOfLanes(DD(), hn::Add(g0, g1)));
  *p.dbeta += hn::GetLane(hn::SumOfLanes(DD(), hn::Add(d0, d1)));
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
