// Local response norm of 3 or 5 taps in float32 over planes that follow each other in memory: one long row of y, whose
// taps lie a plane apart. Included once per instruction set.

#if defined(POISE_KERNELS_RESPONSE_SERIES_PLANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_SERIES_PLANES_INL_H_
#undef POISE_KERNELS_RESPONSE_SERIES_PLANES_INL_H_
#else
#define POISE_KERNELS_RESPONSE_SERIES_PLANES_INL_H_
#endif

#include "kernels/response_series-inl.h"
#include "kernels/response_series_along-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

template <int kTaps>
class SeriesPlanes {
  const LocalResponse& m_;
  float* y_;
  const std::int64_t vector_ = 2 * half_step();
  const float* tap_[kTaps];

  HWY_INLINE VF square(int t, std::int64_t j) const {
    const VF v = load(tap_[t] + j);
    return hn::Mul(v, v);
  }
  HWY_INLINE VF z(std::int64_t j) const {
    VF sum = add(square(0, j), square(1, j));
    if constexpr (kTaps == 5) sum = add(sum, add(square(2, j), square(3, j)));
    return hn::Mul(add(sum, square(kTaps - 1, j)), hn::Set(DF(), m_.series.unit));
  }
  HWY_INLINE VF x(std::int64_t j) const { return load(tap_[kTaps / 2] + j); }
  HWY_NOINLINE VF exact(std::int64_t j, VF z, VF v) const {
    const float* tap[kTaps];
    for (int t = 0; t < kTaps; ++t) tap[t] = tap_[t] + j;
    return exact_lanes<kTaps>(m_, tap, z, v);
  }
  HWY_INLINE VF one(std::int64_t j) const {
    const VF z = this->z(j);
    return exact(j, z, hn::Mul(x(j), series<0, ResponseSeries::terms - 1>(m_.series.c, z)));
  }
  HWY_INLINE void four(std::int64_t j, bool streaming) const {
    const std::int64_t k = j + vector_, l = k + vector_, n = l + vector_;
    const Four z{this->z(j), this->z(k), this->z(l), this->z(n)};
    Four v = mul({x(j), x(k), x(l), x(n)}, series<0, ResponseSeries::terms - 1>(m_.series.c, z));
    if (HWY_UNLIKELY(!all_within(z, m_.series.most))) {
      v = {exact(j, z.a, v.a), exact(k, z.b, v.b), exact(l, z.c, v.c), exact(n, z.d, v.d)};
    }
    store(v.a, y_ + j, streaming);
    store(v.b, y_ + k, streaming);
    store(v.c, y_ + l, streaming);
    store(v.d, y_ + n, streaming);
  }
  HWY_INLINE void some(std::int64_t j, std::int64_t to) const {
    const std::int64_t end = m_.lanes < vector_ ? 0 : m_.lanes - vector_;
    for (; j < to; j += vector_) {
      const std::int64_t at = j < end ? j : end;
      store(one(at), y_ + at, false);
    }
  }

 public:
  SeriesPlanes(const LocalResponse& m, float* y) : m_(m), y_(y) {
    for (int t = 0; t < kTaps; ++t) tap_[t] = static_cast<const float*>(m.tap[t]);
  }
  // Whole lines are streamed. The last vector ends with the row: what it has in common with others is the same.
  HWY_NOINLINE void run(bool streaming) const {
    std::int64_t j = streaming ? elements_to_line(y_, m_.lanes) : 0;
    some(0, j);
    for (; j + 4 * vector_ <= m_.lanes; j += 4 * vector_) four(j, streaming);
    some(j, m_.lanes);
  }
};

template <class Y>
struct SeriesPlanesRow {
  static void run(const LocalResponse& m) {
    const bool direct = std::is_same_v<Y, float> && m.lanes >= static_cast<std::int64_t>(hn::Lanes(DF()));
    float* y = direct ? static_cast<float*>(m.y) : m.room;
    if (m.taps == 3) {
      SeriesPlanes<3>(m, y).run(direct && m.streaming);
    } else {
      SeriesPlanes<5>(m, y).run(direct && m.streaming);
    }
    if (!direct) write(m.room, static_cast<Y*>(m.y), m.lanes, m.streaming);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
