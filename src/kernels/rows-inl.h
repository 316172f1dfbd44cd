// Loops over contiguous runs: measure, map, and both at once. Included once per instruction set.

#if defined(POISE_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_ROWS_INL_H_
#undef POISE_KERNELS_ROWS_INL_H_
#else
#define POISE_KERNELS_ROWS_INL_H_
#endif

#include <algorithm>

#include "kernels/element-inl.h"
#include "kernels/kernels.h"
#include "kernels/moment-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Elements that one stream advances before the next one's turn. One core reaches memory speed only over several
// streams, and write combining stays whole only over bursts of several lines. Narrow sums are whole blocks of a burst:
// so they are the same when a stream is alone.
template <class X>
inline constexpr std::int64_t burst = sizeof(X) < 4 ? 1024 : 128;

// The coefficients of one stream in registers.
template <class X, class Y, bool kPerElement>
struct MapOne {
  using T = Compute<X>;
  Vector<T> hi, scale, shift;
  const X* x;
  Y* y;
  const T *gamma, *beta;
  std::int64_t gamma_step, beta_step;
  bool streaming;

  HWY_INLINE MapOne(const MapStreams& m, int k)
      : hi(hn::Set(Tag<T>(), static_cast<T>(m.hi[k]))),
        scale(hn::Set(Tag<T>(), static_cast<T>(m.scale[k]))),
        shift(hn::Set(Tag<T>(), static_cast<T>(m.shift[k]))),
        x(static_cast<const X*>(m.x[k])),
        y(static_cast<Y*>(m.y[k])),
        gamma(static_cast<const T*>(m.gamma[k])),
        beta(static_cast<const T*>(m.beta[k])),
        gamma_step(m.gamma_step),
        beta_step(m.beta_step),
        streaming(m.streaming) {}

  HWY_INLINE Vector<T> mapped(Vector<T> v) const { return hn::MulAdd(hn::Sub(v, hi), scale, shift); }
  HWY_INLINE Vector<T> value(std::int64_t i) const {
    const Vector<T> v = mapped(load(x + i));
    if constexpr (!kPerElement) return v;
    return hn::MulAdd(v, load(gamma + i * gamma_step), load(beta + i * beta_step));
  }
  HWY_INLINE void pair(std::int64_t i) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    constexpr bool alternate = std::is_same_v<X, std::uint8_t> || std::is_same_v<X, bfloat16>;
    if constexpr (alternate && std::is_same_v<Y, bfloat16> && !kPerElement) {
      VF even, odd;
      load_alternate(x + i, even, odd);
      store_alternate(mapped(even), mapped(odd), y + i, streaming);
    } else {
      store_pair(value(i), value(i + lanes), y + i, streaming);
    }
  }
  // x where nothing else in the loop asks for it; y where it goes through the cache, which reads it first.
  HWY_INLINE void prefetch_x(std::int64_t i) const { prefetch_page(x + i, 2 * step()); }
  HWY_INLINE void two_steps(std::int64_t i) const {
    if (!streaming) prefetch_page(y + i, 2 * step());
    pair(i);
    if constexpr (std::is_same_v<T, double>) pair(i + step());
  }
  // What may not be streamed: the same operations, so the same bits. The last vector ends with it, which makes some
  // elements twice; it is read before y, which may be x, is written.
  HWY_NOINLINE void stretch(std::int64_t from, std::int64_t to) const {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    if (to - from < lanes) return rest(from, to - from);
    const Vector<T> end = value(to - lanes);
    for (; from + lanes <= to; from += lanes) store(value(from), y + from, false);
    if (from < to) store(end, y + to - lanes, false);
  }
  HWY_INLINE void rest(std::int64_t from, std::int64_t count) const {
    Padded<X> in(x + from, count);
    Y out[max_step];
    Vector<T> v = mapped(load(in.lanes));
    if constexpr (kPerElement) {
      const Padded<T> g(gamma + from * gamma_step, gamma_step == 0 ? std::int64_t(hn::Lanes(Tag<T>())) : count);
      const Padded<T> b(beta + from * beta_step, beta_step == 0 ? std::int64_t(hn::Lanes(Tag<T>())) : count);
      v = hn::MulAdd(v, load(g.lanes), load(b.lanes));
    }
    store(v, out, false);
    std::memcpy(static_cast<void*>(y + from), out, static_cast<std::size_t>(count) * sizeof(Y));
  }
  // Where y is written by whole lines: from the first that may be streamed. What is left of the run on either side is
  // no element or at least a vector of them.
  HWY_INLINE void lines(std::int64_t length, std::int64_t& first, std::int64_t& last) const {
    constexpr auto a_line = static_cast<std::int64_t>(64 / sizeof(Y));
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    first = streaming ? elements_to_line(y, length) : 0;
    if (first > 0 && first < lanes) first = std::min(first + a_line, length);
    last = first + (length - first) / line_step<Y>() * line_step<Y>();
    if (last < length && length - last < lanes && last > first) last -= line_step<Y>();
  }
  // What is before the first of them is written now.
  HWY_INLINE void begin(std::int64_t length, std::int64_t& first, std::int64_t& last) const {
    lines(length, first, last);
    if (streaming) prefetch_ends(y, first, last, length);
    if (first > 0) stretch(0, first);
  }
};

// One stream from `from` on: measured up to `end`, mapped, from y's `first` element, up to `mapped`, which is no later.
// The sums come and go by value: an object whose address is taken has its vectors in memory.
template <class X, class Y, bool kMeasure, bool kMap, bool kPerElement>
HWY_INLINE MomentOf<X> advance(const MapStreams* map, const MeasureStreams* measure, int k, MomentOf<X> moment,
                               std::int64_t first, std::int64_t from, std::int64_t mapped, std::int64_t end) {
  std::int64_t i = from;
  if constexpr (kMeasure) {
    const X* x = static_cast<const X*>(measure->x[k]);
    const auto measure_two = [&]() HWY_ATTR {
      prefetch_page(x + i, 2 * step());
      moment.two_steps(x + i);
    };
    while (i < end) {
      const std::int64_t flush = moment.flush_at(i, end);
      if constexpr (kMap) {
        const MapOne<X, Y, kPerElement> m(*map, k);
        for (const std::int64_t stop = std::min(mapped, flush); i < stop; i += 2 * step()) {
          measure_two();
          m.two_steps(first + i);
        }
      }
      for (; i < flush; i += 2 * step()) measure_two();
      moment.flush();
    }
  } else {
    const MapOne<X, Y, kPerElement> m(*map, k);
    for (; i < mapped; i += 2 * step()) {
      m.prefetch_x(first + i);
      m.two_steps(first + i);
    }
  }
  return moment;
}

// One loop for all three: kMeasure reads the runs of *measure, kMap writes those of *map, with the same length. Streams
// take turns of a burst; short ones follow each other, and what belongs to one stays in registers.
template <class X, class Y, bool kMeasure, bool kMap, bool kPerElement>
HWY_NOINLINE void rows(const MapStreams* map, MeasureStreams* measure, std::int64_t length) {
  const int count = kMap ? map->count : measure->count;
  const std::int64_t bytes = length * static_cast<std::int64_t>(sizeof(X));
  const std::int64_t whole = length / (2 * step()) * (2 * step());
  // y is written by whole lines from first to last. Of two runs of one length, the one that is written ends first.
  std::int64_t first[max_streams] = {}, last[max_streams] = {};
  const auto begin = [&](int k) HWY_ATTR {
    if constexpr (kMap) MapOne<X, Y, kPerElement>(*map, k).begin(length, first[k], last[k]);
  };
  const auto finish = [&](int k) HWY_ATTR {
    if constexpr (kMap) {
      if (last[k] < length) MapOne<X, Y, kPerElement>(*map, k).stretch(last[k], length);
    }
  };
  if (count == 1 || bytes <= (kMap && !map->streaming ? short_cached_run_bytes : short_run_bytes)) {
    for (int k = 0; k < count; ++k) {
      begin(k);
      MomentOf<X> moment = advance<X, Y, kMeasure, kMap, kPerElement>(
          map, measure, k, MomentOf<X>(kMeasure ? measure->pivot[k] : 0), first[k], 0, last[k] - first[k], whole);
      if constexpr (kMeasure)
        moment.finish(static_cast<const X*>(measure->x[k]), whole, length, measure->pivot[k], measure->s[k],
                      measure->q[k]);
      finish(k);
    }
    return;
  }
  Sums sums[max_streams] = {};
  for (int k = 0; k < count; ++k) begin(k);
  for (std::int64_t i = 0; i < whole; i += burst<X>) {
    const std::int64_t end = std::min(i + burst<X>, whole);
    for (int k = 0; k < count; ++k) {
      const MomentOf<X> moment = advance<X, Y, kMeasure, kMap, kPerElement>(
          map, measure, k, MomentOf<X>(kMeasure ? measure->pivot[k] : 0, sums[k]), first[k], i,
          std::min(end, last[k] - first[k]), end);
      if constexpr (kMeasure) moment.save(sums[k]);
    }
  }
  for (int k = 0; k < count; ++k) {
    if constexpr (kMeasure) {
      MomentOf<X> moment(measure->pivot[k], sums[k]);
      moment.finish(static_cast<const X*>(measure->x[k]), whole, length, measure->pivot[k], measure->s[k],
                    measure->q[k]);
    }
    finish(k);
  }
}

// Smallest and largest, NaN if there is one: minimum instructions drop NaN, so it is kept aside. The compute type has
// them exactly.
template <class X>
HWY_NOINLINE void range_one(const X* x, std::int64_t length, double& low, double& high) {
  using T = Compute<X>;
  const Tag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  Vector<T> least = hn::Set(d, static_cast<T>(HUGE_VAL)), most = hn::Set(d, static_cast<T>(-HUGE_VAL));
  auto nan = hn::IsNaN(least);
  const auto add = [&](Vector<T> a, Vector<T> b) HWY_ATTR {
    least = hn::Min(least, hn::Min(a, b));
    most = hn::Max(most, hn::Max(a, b));
    nan = hn::Or(nan, hn::Or(hn::IsNaN(a), hn::IsNaN(b)));
  };
  std::int64_t i = 0;
  for (; i + 2 * lanes <= length; i += 2 * lanes) {
    prefetch_page(x + i, 2 * lanes);
    add(load(x + i), load(x + i + lanes));
  }
  for (; i < length; i += lanes) {
    const std::int64_t count = std::min(lanes, length - i);
    Padded<X> padded(x + i, count);
    for (std::int64_t j = count; j < lanes; ++j) padded.lanes[j] = x[length - 1];
    add(load(padded.lanes), load(padded.lanes));
  }
  const bool has_nan = !hn::AllFalse(d, nan);
  low = has_nan ? NAN : static_cast<double>(hn::GetLane(hn::MinOfLanes(d, least)));
  high = has_nan ? NAN : static_cast<double>(hn::GetLane(hn::MaxOfLanes(d, most)));
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
