// Local response norm of 3 or 5 taps in float32 along contiguous elements. Included once per instruction set.

#if defined(POISE_KERNELS_RESPONSE_SERIES_ALONG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_SERIES_ALONG_INL_H_
#undef POISE_KERNELS_RESPONSE_SERIES_ALONG_INL_H_
#else
#define POISE_KERNELS_RESPONSE_SERIES_ALONG_INL_H_
#endif

#include "kernels/response_series-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// The first `count` lanes at p, which may be none and more than a vector; the others 0.
HWY_INLINE VF load_first(const float* p, std::int64_t count) {
  const auto vector = static_cast<std::int64_t>(hn::Lanes(DF()));
  if (count >= vector) return load(p);
#if HWY_TARGET <= HWY_AVX3
  return hn::MaskedLoad(hn::FirstN(DF(), static_cast<std::size_t>(count > 0 ? count : 0)), DF(), p);
#else
  if (count <= 0) return hn::Zero(DF());
  return load(Padded<float>(p, count).lanes);
#endif
}
HWY_INLINE void store_first(VF v, float* p, std::int64_t count, bool streaming) {
  const auto vector = static_cast<std::int64_t>(hn::Lanes(DF()));
  if (count >= vector) return store(v, p, streaming);
#if HWY_TARGET <= HWY_AVX3
  hn::BlendedStore(v, hn::FirstN(DF(), static_cast<std::size_t>(count)), DF(), p);
#else
  HWY_ALIGN float lanes[max_step];
  store(v, lanes, false);
  std::memcpy(p, lanes, static_cast<std::size_t>(count) * sizeof(float));
#endif
}

// Four rows of x and of what is written, the last of fewer again and again.
template <class T>
struct FourRows {
  T* row[4];
  HWY_INLINE FourRows(T* first, std::int64_t pitch, std::int64_t rows) {
    for (std::int64_t r = 0; r < 4; ++r) row[r] = first + (r < rows ? r : rows - 1) * pitch;
  }
  HWY_INLINE Four load_first(std::int64_t j, std::int64_t count) const {
    return {HWY_NAMESPACE::load_first(row[0] + j, count), HWY_NAMESPACE::load_first(row[1] + j, count),
            HWY_NAMESPACE::load_first(row[2] + j, count), HWY_NAMESPACE::load_first(row[3] + j, count)};
  }
  HWY_INLINE void store_first(const Four& v, std::int64_t j, std::int64_t count, bool streaming) const {
    HWY_NAMESPACE::store_first(v.a, row[0] + j, count, streaming);
    HWY_NAMESPACE::store_first(v.b, row[1] + j, count, streaming);
    HWY_NAMESPACE::store_first(v.c, row[2] + j, count, streaming);
    HWY_NAMESPACE::store_first(v.d, row[3] + j, count, streaming);
  }
};

// exact_lanes of the vector at j of a row, which is clipped at its ends.
template <int kTaps>
HWY_NOINLINE VF exact_part(const LocalResponse& m, const float* row, std::int64_t j, VF z, VF v) {
  constexpr std::int64_t reach = kTaps / 2;
  const std::int64_t vector = 2 * half_step();
  HWY_ALIGN float part[max_step + 2 * reach] = {};
  const float* first = row + j - reach;
  if (j < reach || j + vector + reach > m.lanes) {
    const std::int64_t from = j < reach ? 0 : j - reach, to = j + vector + reach;
    std::memcpy(part + (from - j + reach), row + from,
                static_cast<std::size_t>((to < m.lanes ? to : m.lanes) - from) * sizeof(float));
    first = part;
  }
  const float* tap[kTaps];
  for (int t = 0; t < kTaps; ++t) tap[t] = first + t;
  return exact_lanes<kTaps>(m, tap, z, v);
}

template <int kTaps>
class SeriesAlong {
  const LocalResponse& m_;
  const std::int64_t vector_ = 2 * half_step();

  HWY_INLINE void finish(const FourRows<const float>& x, std::int64_t j, const Four& z, Four& v) const {
    v = mul(v, series<0, ResponseSeries::terms - 1>(m_.series.c, z));
    if (HWY_LIKELY(all_within(z, m_.series.most))) return;
    v = {exact_part<kTaps>(m_, x.row[0], j, z.a, v.a), exact_part<kTaps>(m_, x.row[1], j, z.b, v.b),
         exact_part<kTaps>(m_, x.row[2], j, z.c, v.c), exact_part<kTaps>(m_, x.row[3], j, z.d, v.d)};
  }

 public:
  explicit SeriesAlong(const LocalResponse& m) : m_(m) {}
  HWY_NOINLINE void run(const FourRows<const float>& x, const FourRows<float>& y, bool streaming) const {
    const Four unit = four_of(hn::Set(DF(), m_.series.unit));
    const std::int64_t ahead = 4 * m_.x_pitch;
    AlongSums<kTaps, Four> sums;
    Four here = x.load_first(0, m_.lanes);
    sums.begin(mul(here, here));
    for (std::int64_t j = 0; j < m_.lanes; j += vector_) {
      for (const float* row : x.row) hwy::Prefetch(row + j + ahead);
      const Four there = x.load_first(j + vector_, m_.lanes - j - vector_);
      const Four z = mul(sums.next(mul(there, there)), unit);
      finish(x, j, z, here);
      y.store_first(here, j, m_.lanes - j, streaming);
      here = there;
    }
  }
};

template <class Y>
struct SeriesAlongRows {
  static void run(const LocalResponse& m) {
    constexpr std::int64_t line = 64 / sizeof(float);
    bool direct = std::is_same_v<Y, float>;
    if (direct && m.streaming) {
      direct = m.y_pitch % line == 0 && m.lanes % line == 0 && elements_to_line(static_cast<const float*>(m.y), 1) == 0;
    }
    float* y = direct ? static_cast<float*>(m.y) : m.room;
    const std::int64_t pitch = direct ? m.y_pitch : m.room_pitch;
    const auto* x = static_cast<const float*>(m.x);
    for (std::int64_t r = 0; r < m.rows; r += 4, x += 4 * m.x_pitch, y += 4 * pitch) {
      const FourRows<const float> from(x, m.x_pitch, m.rows - r);
      const FourRows<float> to(y, pitch, m.rows - r);
      if (m.taps == 3) {
        SeriesAlong<3>(m).run(from, to, direct && m.streaming);
      } else {
        SeriesAlong<5>(m).run(from, to, direct && m.streaming);
      }
    }
    if (!direct) write_rows(m);
  }
  // Rows that follow each other are one.
  static void write_rows(const LocalResponse& m) {
    auto* y = static_cast<Y*>(m.y);
    if (m.y_pitch == m.lanes && m.room_pitch == m.lanes) return write(m.room, y, m.rows * m.lanes, m.streaming);
    for (std::int64_t r = 0; r < m.rows; ++r) write(m.room + r * m.room_pitch, y + r * m.y_pitch, m.lanes, m.streaming);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
