// The loops of local response norm. Included once per instruction set.

#if defined(POISE_KERNELS_LOCAL_RESPONSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_LOCAL_RESPONSE_INL_H_
#undef POISE_KERNELS_LOCAL_RESPONSE_INL_H_
#else
#define POISE_KERNELS_LOCAL_RESPONSE_INL_H_
#endif

#include "kernels/inverse_power-inl.h"
#include "kernels/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Lanes whose B and powers stay in L1 between the steps.
inline constexpr std::int64_t response_piece = 512;

// --- sums ---

// What is added of a step of a tap: itself, or where taps are elements their squares. Of f64 these are rounded, as they
// are where they are stored.
template <class E, bool kSquares>
HWY_INLINE VD add_tap(VD sum, VD v) {
  if constexpr (kSquares && std::is_same_v<E, float>) return hn::MulAdd(v, v, sum);
  return hn::Add(sum, kSquares ? hn::Mul(v, v) : v);
}

// The taps from `at` on. Windows of a known size are summed without a loop, which would take longer than its additions.
template <int kTaps, class E, bool kSquares>
struct LocalTaps {
  const E* tap[kTaps];
  HWY_INLINE LocalTaps(const LocalResponse& m, std::int64_t at) {
    for (int i = 0; i < kTaps; ++i) tap[i] = static_cast<const E*>(m.tap[i]) + at;
  }
  template <int kFirst = 1>
  HWY_INLINE void rest(std::int64_t j, VD& low, VD& high) const {
    if constexpr (kFirst < kTaps) {
      VD a, b;
      load_step(tap[kFirst] + j, a, b);
      low = add_tap<E, kSquares>(low, a);
      high = add_tap<E, kSquares>(high, b);
      rest<kFirst + 1>(j, low, high);
    }
  }
  HWY_INLINE void sum(std::int64_t j, VD& low, VD& high) const {
    load_step(tap[0] + j, low, high);
    if constexpr (kSquares) {
      low = hn::Mul(low, low);
      high = hn::Mul(high, high);
    }
    rest(j, low, high);
  }
};
template <class E, bool kSquares>
struct LocalTaps<0, E, kSquares> {
  const LocalResponse& m;
  std::int64_t at;
  HWY_INLINE LocalTaps(const LocalResponse& all, std::int64_t first) : m(all), at(first) {}
  HWY_INLINE void sum(std::int64_t j, VD& low, VD& high) const {
    low = high = hn::Zero(DD());
    for (std::int64_t i = 0; i < m.taps; ++i) {
      VD a, b;
      load_step(static_cast<const E*>(m.tap[i]) + at + j, a, b);
      low = add_tap<E, kSquares>(low, a);
      high = add_tap<E, kSquares>(high, b);
    }
  }
};

HWY_INLINE VF narrow(VD low, VD high) {
  const hn::Rebind<float, DD> half;
  return hn::Combine(DF(), hn::DemoteTo(half, high), hn::DemoteTo(half, low));
}
HWY_INLINE void put(VD low, VD high, float* to) { hn::StoreU(narrow(low, high), DF(), to); }
HWY_INLINE void put(VD low, VD high, double* to) {
  hn::StoreU(low, DD(), to);
  hn::StoreU(high, DD(), to + half_step());
}

// to[j] = alpha * S(at + j) + k for whole steps, at least `lanes`.
template <int kTaps, class E, bool kSquares, class T>
HWY_NOINLINE void sum_taps(const LocalResponse& m, std::int64_t at, std::int64_t lanes, T* to) {
  const VD alpha = hn::Set(DD(), m.alpha), k = hn::Set(DD(), m.k);
  const LocalTaps<kTaps, E, kSquares> taps(m, at);
  const E* soon = static_cast<const E*>(m.tap[m.taps - 1]) + at + m.ahead;
  for (std::int64_t j = 0; j < lanes; j += step()) {
    VD low, high;
    hwy::Prefetch(soon + j);
    taps.sum(j, low, high);
    put(hn::MulAdd(low, alpha, k), hn::MulAdd(high, alpha, k), to + j);
  }
}
template <class E, bool kSquares, class T>
HWY_INLINE void sums(const LocalResponse& m, std::int64_t at, std::int64_t lanes, T* to) {
  if (m.taps == 1) return sum_taps<1, E, kSquares>(m, at, lanes, to);
  if (m.taps == 3) return sum_taps<3, E, kSquares>(m, at, lanes, to);
  if (m.taps == 5) return sum_taps<5, E, kSquares>(m, at, lanes, to);
  sum_taps<0, E, kSquares>(m, at, lanes, to);
}

// B of a piece, and ones up to the next whole vector: what lies past the end of the taps is nobody's. Of rows the last
// vector ends with the piece; so b is written up to a vector before it.
template <class T>
HWY_INLINE void response(const LocalResponse& m, std::int64_t at, std::int64_t lanes, T* b) {
  const std::int64_t whole = m.taps_are_rows ? lanes / step() * step() : lanes;
  const auto sum = [&](std::int64_t from, std::int64_t count) HWY_ATTR {
    m.taps_are_elements ? sums<T, true>(m, at + from, count, b + from)
                        : sums<double, false>(m, at + from, count, b + from);
  };
  sum(0, whole);
  if (whole < lanes) sum(lanes - step(), step());
  for (std::int64_t j = lanes; j % static_cast<std::int64_t>(hn::Lanes(Tag<T>())) != 0; ++j) b[j] = 1;
}

// --- one lane, whatever its B ---

struct LaneResponse {
  double b, f;
};
inline LaneResponse response_of(const LocalResponse& m, double sum) {
  const double b = std::fma(m.alpha, sum, m.k);
  return {b, b == 0 ? 0 : std::pow(b, -m.exponent)};
}
template <class T>
LaneResponse lane_response(const LocalResponse& m, std::int64_t at) {
  double sum = 0;
  for (std::int64_t i = 0; i < m.taps; ++i) {
    const double v =
        m.taps_are_elements ? static_cast<const T*>(m.tap[i])[at] : static_cast<const double*>(m.tap[i])[at];
    sum += m.taps_are_elements ? v * v : v;
  }
  return response_of(m, sum);
}

// --- a piece of a row: [at, at + lanes) of the taps, pointers to its first element ---

// The compute type's elements where they are, or widened into `room`.
template <class X, class T>
HWY_INLINE const T* widened(const X* x, std::int64_t lanes, T* room) {
  if constexpr (std::is_same_v<X, T>) {
    return x;
  } else {
    const auto vector = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    std::int64_t j = 0;
    for (; j + vector <= lanes; j += vector) store(load(x + j), room + j, false);
    if (j < lanes) store(load(Padded<X>(x + j, lanes - j).lanes), room + j, false);
    return room;
  }
}

// Calls one(j, streaming) for whole vectors and rest(j, count) for what is left, whole lines of y apart from its ends.
template <class Y, class One, class Rest>
HWY_INLINE void along(const Y* y, std::int64_t lanes, std::int64_t vector, bool streaming, One one, Rest rest) {
  const std::int64_t head = streaming ? elements_to_line(y, lanes) : 0;
  std::int64_t j = 0;
  for (; j + vector <= head; j += vector) one(j, false);
  if (j < head) rest(j, head - j);
  j = head;
  for (; j + vector <= lanes; j += vector) one(j, streaming);
  if (j < lanes) rest(j, lanes - j);
}

template <class T, class Y>
HWY_INLINE void write(const T* from, Y* y, std::int64_t lanes, bool streaming) {
  const auto vector = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
  along(
      y, lanes, vector, streaming, [&](std::int64_t j, bool stream) HWY_ATTR { store(load(from + j), y + j, stream); },
      [&](std::int64_t j, std::int64_t count) HWY_ATTR {
        Y out[max_step];
        store(load(from + j), out, false);
        std::memcpy(static_cast<void*>(y + j), out, static_cast<std::size_t>(count) * sizeof(Y));
      });
}

template <class T>
HWY_INLINE bool all_in_range(Vector<T> b) {
  const Tag<T> d;
  return hn::AllTrue(d, hn::And(hn::Ge(b, hn::Set(d, power_least<T>)), hn::Le(b, hn::Set(d, power_most<T>))));
}

// y = x * f. The same operations for every lane of whatever vector, so that a lane's bits do not depend on the others.
template <Power kPower, class T>
struct ForwardPiece {
  const LocalResponse& m;
  std::int64_t at;
  const T *b, *x;
  T* y;

  HWY_INLINE Vector<T> one(Vector<T> vb, Vector<T> vx, std::int64_t j, std::int64_t count) const {
    const Vector<T> v = hn::Mul(vx, inverse_power<kPower>(vb));
    if (kPower != Power::any && HWY_LIKELY(all_in_range<T>(vb))) return v;
    return lanes_one_by_one(vb, vx, v, j, count);
  }
  HWY_NOINLINE Vector<T> lanes_one_by_one(Vector<T> vb, Vector<T> vx, Vector<T> v, std::int64_t j,
                                          std::int64_t count) const {
    HWY_ALIGN T lane_b[max_step], lane_x[max_step], out[max_step];
    store(vb, lane_b, false);
    store(vx, lane_x, false);
    store(v, out, false);
    for (std::int64_t i = 0; i < count; ++i) {
      if (kPower != Power::any && lane_b[i] >= power_least<T> && lane_b[i] <= power_most<T>) continue;
      out[i] = static_cast<T>(lane_x[i] * lane_response<T>(m, at + j + i).f);
    }
    return load(out);
  }
  HWY_NOINLINE void run(std::int64_t lanes, bool streaming) const {
    const auto vector = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    along(
        y, lanes, vector, streaming,
        [&](std::int64_t j, bool stream) HWY_ATTR { store(one(load(b + j), load(x + j), j, vector), y + j, stream); },
        [&](std::int64_t j, std::int64_t count) HWY_ATTR {
          const Padded<T> rest(x + j, count);
          T out[max_step];
          store(one(load(b + j), load(rest.lanes), j, count), out, false);
          std::memcpy(static_cast<void*>(y + j), out, static_cast<std::size_t>(count) * sizeof(T));
        });
  }
};

// scaled = dy * f, terms = dy * x * f / B: the product dy * x is exact where it is of two float32.
template <Power kPower, class T>
struct SlopesPiece {
  const LocalResponse& m;
  std::int64_t at;
  const T *b, *x, *dy;
  T* scaled;
  double* terms;

  HWY_INLINE void put_terms(const T* px, const T* pdy, Vector<T> ratio, std::int64_t j) const {
    if constexpr (std::is_same_v<T, double>) {
      hn::StoreU(hn::Mul(hn::Mul(load(px), load(pdy)), ratio), DD(), terms + j);
    } else {
      VD x0, x1, dy0, dy1;
      load_step(px, x0, x1);
      load_step(pdy, dy0, dy1);
      const VD r0 = hn::PromoteTo(DD(), hn::LowerHalf(DFHalf(), ratio));
      const VD r1 = hn::PromoteTo(DD(), hn::UpperHalf(DFHalf(), ratio));
      hn::StoreU(hn::Mul(hn::Mul(x0, dy0), r0), DD(), terms + j);
      hn::StoreU(hn::Mul(hn::Mul(x1, dy1), r1), DD(), terms + j + half_step());
    }
  }
  HWY_INLINE void one(const T* px, const T* pdy, std::int64_t j, std::int64_t count) const {
    const Vector<T> vb = load(b + j), f = inverse_power<kPower>(vb);
    store(hn::Mul(load(pdy), f), scaled + j, false);
    put_terms(px, pdy, hn::Div(f, vb), j);
    if (kPower == Power::any || HWY_UNLIKELY(!all_in_range<T>(vb))) lanes_one_by_one(px, pdy, j, count);
  }
  HWY_NOINLINE void lanes_one_by_one(const T* px, const T* pdy, std::int64_t j, std::int64_t count) const {
    for (std::int64_t i = 0; i < count; ++i) {
      if (kPower != Power::any && b[j + i] >= power_least<T> && b[j + i] <= power_most<T>) continue;
      const LaneResponse lane = lane_response<T>(m, at + j + i);
      const double v = pdy[i];
      scaled[j + i] = static_cast<T>(v * lane.f);
      terms[j + i] = lane.b == 0 ? 0 : v * static_cast<double>(px[i]) * (lane.f / lane.b);
    }
  }
  // Whole vectors of scaled and terms are written: past the end zeros, which is what pads hold.
  HWY_NOINLINE void run(std::int64_t lanes) const {
    const auto vector = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    std::int64_t j = 0;
    for (; j + vector <= lanes; j += vector) one(x + j, dy + j, j, vector);
    if (j == lanes) return;
    const Padded<T> px(x + j, lanes - j), pdy(dy + j, lanes - j);
    one(px.lanes, pdy.lanes, j, lanes - j);
  }
};

// product[j] = factor * S(at + j) * x[j], in float64 until it is stored.
template <int kTaps, class X, class T>
HWY_NOINLINE void backward_products(const LocalResponse& m, std::int64_t at, const X* x, std::int64_t lanes,
                                    T* product) {
  const VD factor = hn::Set(DD(), m.factor);
  const LocalTaps<kTaps, double, false> taps(m, at);
  const auto one = [&](const X* px, std::int64_t j) HWY_ATTR {
    VD x0, x1, low, high;
    load_step(px, x0, x1);
    taps.sum(j, low, high);
    put(hn::Mul(hn::Mul(low, factor), x0), hn::Mul(hn::Mul(high, factor), x1), product + j);
  };
  std::int64_t j = 0;
  for (; j + step() <= lanes; j += step()) one(x + j, j);
  if (j < lanes) one(Padded<X>(x + j, lanes - j).lanes, j);
}

template <class X, class T>
HWY_INLINE void products(const LocalResponse& m, std::int64_t at, const X* x, std::int64_t lanes, T* product) {
  if (m.taps == 1) return backward_products<1>(m, at, x, lanes, product);
  if (m.taps == 3) return backward_products<3>(m, at, x, lanes, product);
  if (m.taps == 5) return backward_products<5>(m, at, x, lanes, product);
  backward_products<0>(m, at, x, lanes, product);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
