// Local response norm of 3 or 5 taps in float32, each a row of contiguous elements. Included once per instruction set.

#if defined(POISE_KERNELS_RESPONSE_SERIES_ACROSS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_SERIES_ACROSS_INL_H_
#undef POISE_KERNELS_RESPONSE_SERIES_ACROSS_INL_H_
#else
#define POISE_KERNELS_RESPONSE_SERIES_ACROSS_INL_H_
#endif

#include "kernels/response_across-inl.h"
#include "kernels/response_series-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// z of a vector of four rows, whose windows have most taps in common.
template <int kTaps>
HWY_INLINE Four across_z(const LocalResponse& m, std::int64_t j) {
  const Four sums = across_sums<kTaps>([&](int i) HWY_ATTR {
    const VF v = load(static_cast<const float*>(m.tap[i]) + j);
    return hn::Mul(v, v);
  });
  return mul(sums, four_of(hn::Set(DF(), m.series.unit)));
}

template <int kTaps>
class SeriesAcross {
  const LocalResponse& m_;
  float* const* y_;

  HWY_INLINE const float* x(int row, std::int64_t j) const {
    return static_cast<const float*>(m_.tap[kTaps / 2 + row]) + j;
  }
  // Rows that are read soon.
  HWY_INLINE void ask(std::int64_t j) const {
    const float* soon = static_cast<const float*>(m_.tap[kTaps + 2]) + j + m_.ahead;
    for (int i = 0; i < 4; ++i, soon += m_.ahead) hwy::Prefetch(soon);
  }
  HWY_INLINE VF exact(int row, std::int64_t j, VF z, VF v) const {
    const float* tap[kTaps];
    for (int t = 0; t < kTaps; ++t) tap[t] = static_cast<const float*>(m_.tap[row + t]) + j;
    return exact_lanes<kTaps>(m_, tap, z, v);
  }
  HWY_INLINE void finish(std::int64_t j, const Four& z) const {
    const Four f = series<0, ResponseSeries::terms - 1>(m_.series.c, z);
    Four v = mul({load(x(0, j)), load(x(1, j)), load(x(2, j)), load(x(3, j))}, f);
    if (HWY_UNLIKELY(!all_within(z, m_.series.most))) {
      v = {exact(0, j, z.a, v.a), exact(1, j, z.b, v.b), exact(2, j, z.c, v.c), exact(3, j, z.d, v.d)};
    }
    store(v.a, y_[0] + j, false);
    store(v.b, y_[1] + j, false);
    store(v.c, y_[2] + j, false);
    store(v.d, y_[3] + j, false);
  }

 public:
  SeriesAcross(const LocalResponse& m, float* const* y) : m_(m), y_(y) {}
  // The last vector ends with the row: what it has in common with the one before is the same.
  HWY_NOINLINE void run() const {
    const auto vector = static_cast<std::int64_t>(hn::Lanes(DF()));
    const std::int64_t end = m_.lanes < vector ? 0 : m_.lanes - vector;
    for (std::int64_t j = 0;; j = j + vector < end ? j + vector : end) {
      ask(j);
      finish(j, across_z<kTaps>(m_, j));
      if (j == end) return;
    }
  }
};

template <class Y>
struct SeriesAcrossRows {
  static void run(const LocalResponse& m) {
    four_rows<Y>(
        m, [&](float* const* y) HWY_ATTR { m.taps == 3 ? SeriesAcross<3>(m, y).run() : SeriesAcross<5>(m, y).run(); });
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
