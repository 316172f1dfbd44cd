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

// Four rows that were computed before, streamed to y a line of each at a time.
class WaitingRows {
  const LocalResponse& m_;
  const float* from_[4] = {};
  float* to_[4] = {};
  std::int64_t head_[4] = {};
  bool whole_ = false;

 public:
  explicit WaitingRows(const LocalResponse& m) : m_(m), whole_(m.waiting.rows == 4) {
    for (std::int64_t r = 0; r < m.waiting.rows; ++r) {
      float* const y = static_cast<float*>(m.waiting.y) + r * m.y_pitch;
      head_[r] = elements_to_line(y, m.lanes);
      whole_ = whole_ && head_[r] < 16;
      from_[r] = m.waiting.room + r * m.room_pitch + head_[r];
      to_[r] = y + head_[r];
    }
  }
  HWY_INLINE bool whole() const { return whole_; }
  HWY_INLINE bool within(std::int64_t j) const {
    return j + static_cast<std::int64_t>(hn::Lanes(DF())) + 16 <= m_.lanes;
  }
  HWY_INLINE void line(std::int64_t j) const {
    for (int r = 0; r < 4; ++r) store(load(from_[r] + j), to_[r] + j, true);
  }
  // What comes before and behind the lines up to `from`.
  HWY_NOINLINE void rest(std::int64_t from) const {
    for (std::int64_t r = 0; r < m_.waiting.rows; ++r) {
      std::memcpy(to_[r] - head_[r], from_[r] - head_[r], static_cast<std::size_t>(head_[r]) * sizeof(float));
      write(from_[r] + from, to_[r] + from, m_.lanes - head_[r] - from, true);
    }
  }
};

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
  template <bool kWaiting>
  HWY_NOINLINE void run(const WaitingRows* waiting) const {
    const auto vector = static_cast<std::int64_t>(hn::Lanes(DF()));
    const std::int64_t end = m_.lanes < vector ? 0 : m_.lanes - vector;
    std::int64_t written = 0;
    for (std::int64_t j = 0;; j = j + vector < end ? j + vector : end) {
      ask(j);
      finish(j, across_z<kTaps>(m_, j));
      if constexpr (kWaiting) {
        if (waiting->within(j)) {
          waiting->line(j);
          written = j + vector;
        }
      }
      if (j == end) break;
    }
    if constexpr (kWaiting) waiting->rest(written);
  }
};

template <class Y>
struct SeriesAcrossRows {
  static void run(const LocalResponse& m) {
    if constexpr (std::is_same_v<Y, float>) {
      if (m.streaming) return wait(m);
    }
    four_rows<Y>(m, [&](float* const* y) HWY_ATTR {
      m.taps == 3 ? SeriesAcross<3>(m, y).template run<false>(nullptr)
                  : SeriesAcross<5>(m, y).template run<false>(nullptr);
    });
  }
  // The rows are left in room, while those before them are written.
  static void wait(const LocalResponse& m) {
    const WaitingRows waiting(m);
    if (m.rows == 0) return waiting.rest(0);
    float* y[4];
    for (std::int64_t r = 0; r < 4; ++r) y[r] = m.room + r * m.room_pitch;
    if (waiting.whole()) {
      m.taps == 3 ? SeriesAcross<3>(m, y).template run<true>(&waiting)
                  : SeriesAcross<5>(m, y).template run<true>(&waiting);
    } else {
      waiting.rest(0);
      m.taps == 3 ? SeriesAcross<3>(m, y).template run<false>(nullptr)
                  : SeriesAcross<5>(m, y).template run<false>(nullptr);
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
