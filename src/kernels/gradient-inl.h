// The loops of a backward pass over rows. Included once per instruction set.

#if defined(POISE_KERNELS_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_GRADIENT_INL_H_
#undef POISE_KERNELS_GRADIENT_INL_H_
#else
#define POISE_KERNELS_GRADIENT_INL_H_
#endif

#include <algorithm>

#include "kernels/element-inl.h"
#include "kernels/gradient.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Elements that one stream advances before the next one's turn; see rows-inl.h.
inline constexpr std::int64_t gradient_burst = 128;

struct GradientLanes {
  HWY_ALIGN double s[max_step / 2], q0[max_step / 2], q1[max_step / 2], p0[max_step / 2], p1[max_step / 2];
};

// The running sums of one stream in registers, where gamma is the schedule's.
template <class X, bool kPowers>
struct GradientSum {
  VD center, s, q0, q1, p0, p1;

  HWY_INLINE GradientSum(const GradientStreams& g, int k, const GradientLanes& lanes)
      : center(hn::Set(DD(), g.center[k])),
        s(hn::Load(DD(), lanes.s)),
        q0(hn::Load(DD(), lanes.q0)),
        q1(hn::Load(DD(), lanes.q1)),
        p0(hn::Load(DD(), lanes.p0)),
        p1(hn::Load(DD(), lanes.p1)) {}
  HWY_INLINE void step(const X* x, const X* dy) {
    VD xa, xb, a, b;
    load_step(x, xa, xb);
    load_step(dy, a, b);
    s = hn::Add(s, hn::Add(a, b));
    xa = about(xa, center);
    xb = about(xb, center);
    q0 = hn::MulAdd(a, xa, q0);
    q1 = hn::MulAdd(b, xb, q1);
    if constexpr (kPowers) {
      p0 = hn::MulAdd(xa, xa, p0);
      p1 = hn::MulAdd(xb, xb, p1);
    }
  }
  // Where dy is padded with 0 nothing is added; nor to p, whose center is 0.
  HWY_INLINE void tail(const X* x, const X* dy, std::int64_t count) {
    const Padded<X> px(x, count), pdy(dy, count);
    step(px.lanes, pdy.lanes);
  }
  HWY_INLINE void save(GradientLanes& lanes) const {
    hn::Store(s, DD(), lanes.s);
    hn::Store(q0, DD(), lanes.q0);
    hn::Store(q1, DD(), lanes.q1);
    if constexpr (kPowers) {
      hn::Store(p0, DD(), lanes.p0);
      hn::Store(p1, DD(), lanes.p1);
    }
  }
};

template <class X, bool kPowers>
HWY_NOINLINE void gradient_measure_rows(GradientStreams& g, std::int64_t length) {
  GradientLanes lanes[max_streams] = {};
  std::int64_t i = 0;
  for (; i + gradient_burst <= length; i += gradient_burst) {
    for (int k = 0; k < g.count; ++k) {
      GradientSum<X, kPowers> sum(g, k, lanes[k]);
      const X* x = static_cast<const X*>(g.x[k]) + i;
      const X* dy = static_cast<const X*>(g.dy[k]) + i;
      for (std::int64_t j = 0; j < gradient_burst; j += step()) {
        prefetch_page(x + j, step());
        prefetch_page(dy + j, step());
        sum.step(x + j, dy + j);
      }
      sum.save(lanes[k]);
    }
  }
  for (int k = 0; k < g.count; ++k) {
    GradientSum<X, kPowers> sum(g, k, lanes[k]);
    const X* x = static_cast<const X*>(g.x[k]);
    const X* dy = static_cast<const X*>(g.dy[k]);
    std::int64_t j = i;
    for (; j + step() <= length; j += step()) sum.step(x + j, dy + j);
    if (j < length) sum.tail(x + j, dy + j, length - j);
    g.s[k] = hn::GetLane(hn::SumOfLanes(DD(), sum.s));
    g.q[k] = hn::GetLane(hn::SumOfLanes(DD(), hn::Add(sum.q0, sum.q1)));
    if constexpr (kPowers) g.p[k] = hn::GetLane(hn::SumOfLanes(DD(), hn::Add(sum.p0, sum.p1)));
  }
}

// Runs first, first + 1, ... under one stretch of gamma, all of them a step at a time: gamma is widened, and its
// gradient loaded and stored, once for all of them. Each run's sums are formed alike, however many there are.
template <class X, bool kParameters, int kRuns>
struct GradientAlike {
  using T = Compute<X>;
  VD s[kRuns], q[kRuns], center[kRuns], rstd[kRuns];

  HWY_INLINE GradientAlike(const GradientStreams& g, int first) {
    HWY_UNROLL(4)
    for (int k = 0; k < kRuns; ++k) {
      s[k] = q[k] = hn::Zero(DD());
      center[k] = hn::Set(DD(), g.center[first + k]);
      rstd[k] = hn::Set(DD(), g.rstd[first + k]);
    }
  }
  // Half a step at a time: that much the registers hold.
  HWY_INLINE void half(const X* const* x, const X* const* dy, std::int64_t i, const T* gamma, double* dgamma,
                       double* dbeta) {
    const VD g = load_half(gamma);
    VD w = hn::Zero(DD()), b = w;
    if constexpr (kParameters) {
      w = hn::LoadU(DD(), dgamma);
      b = hn::LoadU(DD(), dbeta);
    }
    HWY_UNROLL(4)
    for (int k = 0; k < kRuns; ++k) {
      const VD v = load_half(dy[k] + i), t = hn::Mul(v, hn::Sub(load_half(x[k] + i), center[k]));
      if constexpr (kParameters) {
        w = hn::MulAdd(t, rstd[k], w);
        b = hn::Add(b, v);
      }
      s[k] = hn::MulAdd(v, g, s[k]);
      q[k] = hn::MulAdd(t, g, q[k]);
    }
    if constexpr (kParameters) {
      hn::StoreU(w, DD(), dgamma);
      hn::StoreU(b, DD(), dbeta);
    }
  }
  HWY_INLINE void step(const X* const* x, const X* const* dy, std::int64_t i, const T* gamma, double* dgamma,
                       double* dbeta) {
    half(x, dy, i, gamma, dgamma, dbeta);
    const std::int64_t other = half_step();
    half(x, dy, i + other, gamma + other, kParameters ? dgamma + other : nullptr,
         kParameters ? dbeta + other : nullptr);
  }
};

template <class X, bool kParameters, int kRuns>
HWY_NOINLINE void gradient_measure_alike(GradientStreams& g, int first, std::int64_t length) {
  using T = Compute<X>;
  const X *x[kRuns], *dy[kRuns];
  for (int k = 0; k < kRuns; ++k) {
    x[k] = static_cast<const X*>(g.x[first + k]);
    dy[k] = static_cast<const X*>(g.dy[first + k]);
  }
  const T* gamma = static_cast<const T*>(g.gamma[first]);
  // Without parameters there is no memory to step through.
  const auto dgamma = [&](std::int64_t at) { return kParameters ? g.dgamma[first] + at : nullptr; };
  const auto dbeta = [&](std::int64_t at) { return kParameters ? g.dbeta[first] + at : nullptr; };
  GradientAlike<X, kParameters, kRuns> sums(g, first);
  std::int64_t i = 0;
  for (; i + step() <= length; i += step()) {
    HWY_UNROLL(4)
    for (int k = 0; k < kRuns; ++k) {
      prefetch_page(x[k] + i, step());
      prefetch_page(dy[k] + i, step());
    }
    sums.step(x, dy, i, gamma + i * g.gamma_step, dgamma(i), dbeta(i));
  }
  if (const std::int64_t count = length - i; count > 0) {
    // Where dy is padded with 0 nothing is added.
    X lanes[2][kRuns][max_step] = {};
    for (int k = 0; k < kRuns; ++k) {
      std::memcpy(static_cast<void*>(lanes[0][k]), x[k] + i, static_cast<std::size_t>(count) * sizeof(X));
      std::memcpy(static_cast<void*>(lanes[1][k]), dy[k] + i, static_cast<std::size_t>(count) * sizeof(X));
      x[k] = lanes[0][k];
      dy[k] = lanes[1][k];
    }
    const Padded<T> rest(gamma + i * g.gamma_step, g.gamma_step == 0 ? step() : count);
    Padded<double> w(dgamma(i), kParameters ? count : 0), b(dbeta(i), kParameters ? count : 0);
    sums.step(x, dy, 0, rest.lanes, w.lanes, b.lanes);
    if constexpr (kParameters) {
      std::memcpy(dgamma(i), w.lanes, static_cast<std::size_t>(count) * sizeof(double));
      std::memcpy(dbeta(i), b.lanes, static_cast<std::size_t>(count) * sizeof(double));
    }
  }
  for (int k = 0; k < kRuns; ++k) {
    g.s[first + k] = hn::GetLane(hn::SumOfLanes(DD(), sums.s[k]));
    g.q[first + k] = hn::GetLane(hn::SumOfLanes(DD(), sums.q[k]));
  }
}

// Gamma runs along the loop, and so does its gradient.
template <class X, bool kParameters>
HWY_NOINLINE void gradient_measure_elements(GradientStreams& g, std::int64_t length) {
  bool alike = g.count == max_streams;
  for (int k = 1; k < g.count; ++k) alike &= g.gamma[k] == g.gamma[0] && g.dgamma[k] == g.dgamma[0];
  if (alike) return gradient_measure_alike<X, kParameters, max_streams>(g, 0, length);
  for (int k = 0; k < g.count; ++k) gradient_measure_alike<X, kParameters, 1>(g, k, length);
}

// The coefficients of one stream in registers.
template <class X, bool kPerElement>
struct GradientMap {
  using T = Compute<X>;
  Vector<T> hi, scale, a, b;
  const X *x, *dy;
  X* dx;
  const T* gamma;
  std::int64_t gamma_step;

  HWY_INLINE GradientMap(const GradientStreams& g, int k)
      : hi(hn::Set(Tag<T>(), static_cast<T>(g.hi[k]))),
        scale(hn::Set(Tag<T>(), static_cast<T>(g.scale[k]))),
        a(hn::Set(Tag<T>(), static_cast<T>(g.a[k]))),
        b(hn::Set(Tag<T>(), static_cast<T>(g.b[k]))),
        x(static_cast<const X*>(g.x[k])),
        dy(static_cast<const X*>(g.dy[k])),
        dx(static_cast<X*>(g.dx[k])),
        gamma(static_cast<const T*>(g.gamma[k])),
        gamma_step(g.gamma_step) {}

  HWY_INLINE Vector<T> value(Vector<T> vx, Vector<T> vdy, const T* at_gamma) const {
    const auto rest = hn::MulAdd(a, hn::Sub(vx, hi), b);
    if constexpr (kPerElement) return hn::MulAdd(hn::Mul(scale, load(at_gamma)), vdy, rest);
    return hn::MulAdd(scale, vdy, rest);
  }
  HWY_INLINE Vector<T> at(std::int64_t i) const { return value(load(x + i), load(dy + i), gamma + i * gamma_step); }
  HWY_INLINE void two_steps(std::int64_t i, bool streaming) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    if (!streaming) prefetch_page(dx + i, 2 * step());
    for (std::int64_t j = i; j < i + 2 * step(); j += 2 * lanes) store_pair(at(j), at(j + lanes), dx + j, streaming);
  }
  HWY_NOINLINE void stretch(std::int64_t from, std::int64_t to) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    for (; from + lanes <= to; from += lanes) store(at(from), dx + from, false);
    if (from >= to) return;
    const std::int64_t count = to - from;
    const Padded<X> px(x + from, count), pdy(dy + from, count);
    const Padded<T> pg(gamma + from * gamma_step, !kPerElement ? 0 : gamma_step == 0 ? lanes : count);
    X out[max_step];
    store(value(load(px.lanes), load(pdy.lanes), pg.lanes), out, false);
    std::memcpy(static_cast<void*>(dx + from), out, static_cast<std::size_t>(count) * sizeof(X));
  }
};

template <class X, bool kPerElement>
HWY_NOINLINE void gradient_map_rows(GradientStreams& g, std::int64_t length) {
  const std::int64_t line = line_step<X>();
  const std::int64_t bytes = length * static_cast<std::int64_t>(sizeof(X));
  const bool is_short = bytes <= (g.streaming ? short_run_bytes : short_cached_run_bytes);
  const std::int64_t turn = g.count == 1 || is_short ? std::max(length, line) : gradient_burst;
  std::int64_t first[max_streams] = {}, last[max_streams] = {};  // where dx is written by whole lines
  std::int64_t most = 0;
  for (int k = 0; k < g.count; ++k) {
    first[k] = g.streaming ? elements_to_line(static_cast<X*>(g.dx[k]), length) : 0;
    last[k] = first[k] + (length - first[k]) / line * line;
    most = std::max(most, last[k] - first[k]);
    if (first[k] > 0) GradientMap<X, kPerElement>(g, k).stretch(0, first[k]);
    if (g.streaming) prefetch_ends(static_cast<const X*>(g.dx[k]), first[k], last[k], length);
  }
  for (std::int64_t i = 0; i < most; i += turn) {
    for (int k = 0; k < g.count; ++k) {
      const GradientMap<X, kPerElement> map(g, k);
      const std::int64_t end = std::min(first[k] + i + turn, last[k]);
      for (std::int64_t at = first[k] + i; at < end; at += 2 * step()) map.two_steps(at, g.streaming);
    }
  }
  for (int k = 0; k < g.count; ++k)
    if (last[k] < length) GradientMap<X, kPerElement>(g, k).stretch(last[k], length);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
