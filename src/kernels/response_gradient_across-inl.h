// Local response norm's gradient of 3 or 5 taps in float32, each a row of contiguous elements. Included once per
// instruction set.

#if defined(POISE_KERNELS_RESPONSE_GRADIENT_ACROSS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_GRADIENT_ACROSS_INL_H_
#undef POISE_KERNELS_RESPONSE_GRADIENT_ACROSS_INL_H_
#else
#define POISE_KERNELS_RESPONSE_GRADIENT_ACROSS_INL_H_
#endif

#include "kernels/response_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

HWY_INLINE VF row_of(const Four& v, int i) { return i == 0 ? v.a : i == 1 ? v.b : i == 2 ? v.c : v.d; }

// Four rows at a time of all m.rows: terms of rows r to r + 3, dx of those kReach before, whose windows end there. The
// same operations as along a row.
template <int kTaps>
class GradientAcross {
  static constexpr int kReach = kTaps / 2, kOlder = kTaps - 1, kRows = 8;

  const LocalResponse& m_;
  const std::int64_t pitch_;
  const VF root_;
  // m.room: zeros, lanes for which the series does not do, the last four rows' terms, and dx from the kReach-th row
  // before the first on, the last eight rows or all; of rows that are not finished yet dy * power.
  float *const zeros_, *const outside_, *const older_, *const dx_;

  struct Rows {
    const float *x[kRows], *dy[4];
    float *dx, *next;
  };
  HWY_INLINE const float* row(const void* first, std::int64_t pitch, std::int64_t r) const {
    return r < 0 || r >= m_.rows ? zeros_ : static_cast<const float*>(first) + r * pitch;
  }
  HWY_INLINE float* dx(std::int64_t r) const { return dx_ + (m_.kept ? r : r % 8) * pitch_; }
  HWY_INLINE Rows rows(std::int64_t r) const {
    Rows rows;
    for (int i = 0; i < kRows; ++i) rows.x[i] = row(m_.x, m_.x_pitch, r - kReach + i);
    for (int i = 0; i < 4; ++i) rows.dy[i] = row(m_.dy, m_.dy_pitch, r + i);
    rows.dx = dx(r);
    rows.next = dx(r + 4);
    return rows;
  }

  // Rows kFirst to kFirst + 3 of eight.
  template <int kFirst>
  HWY_INLINE static Four four_of_rows(const Four& low, const Four& high) {
    if constexpr (kFirst == 1) return {low.b, low.c, low.d, high.a};
    return {low.c, low.d, high.a, high.b};
  }
  HWY_INLINE Four load_four(const float* const* row, std::int64_t j) const {
    const std::int64_t count = m_.lanes - j;
    return {load_first(row[0] + j, count), load_first(row[1] + j, count), load_first(row[2] + j, count),
            load_first(row[3] + j, count)};
  }
  HWY_INLINE void note(const Four& z, const Four& dy, const Four& x, std::int64_t j) const {
    GradientRange range;
    range.add(z.a, dy.a, x.a);
    range.add(z.b, dy.b, x.b);
    range.add(z.c, dy.c, x.c);
    range.add(z.d, dy.d, x.d);
    const auto within = hn::RebindMask(DF(), range.within(m_.gradients));
    store(hn::Max(load(outside_ + j), hn::IfThenZeroElse(within, hn::Set(DF(), 1.0f))), outside_ + j, false);
  }
  HWY_INLINE Four sums_of(const Four& terms, std::int64_t j) const {
    float* older = older_ + j;
    const Four sums = across_sums<kTaps>([&](int i) HWY_ATTR {
      return i < kOlder ? load(older + (4 - kOlder + i) * pitch_) : row_of(terms, i - kOlder);
    });
    for (int i = 4 - kOlder; i < 4; ++i) store(row_of(terms, i), older + i * pitch_, false);
    return sums;
  }
  // dy * power of the rows of dx, from those of `here`: the last are of the next rows of dx.
  HWY_INLINE Four direct_of(const Rows& rows, const Four& here, std::int64_t j) const {
    const VF first = load(rows.dx + j), second = load(rows.dx + pitch_ + j);
    for (int i = 0; i < kReach; ++i) store(row_of(here, 4 - kReach + i), rows.next + i * pitch_ + j, false);
    if constexpr (kReach == 1) return {first, here.a, here.b, here.c};
    return {first, second, here.a, here.b};
  }

  HWY_INLINE void vector(const Rows& rows, std::int64_t j) const {
    const GradientSeries& s = m_.gradients;
    const Four root = four_of(root_), low = load_four(rows.x, j), high = load_four(rows.x + 4, j);
    const Four large = mul(low, root), large_high = mul(high, root), dy = load_four(rows.dy, j);
    const Four z = across_sums<kTaps>([&](int i) HWY_ATTR {
      const VF v = i < 4 ? row_of(large, i) : row_of(large_high, i - 4);
      return hn::Mul(v, v);
    });
    note(z, dy, four_of_rows<kReach>(low, high), j);
    const Four slope = series<0, ResponseSeries::terms - 1>(s.slope, z);
    const Four terms = mul(mul(dy, four_of_rows<kReach>(large, large_high)), slope), sums = sums_of(terms, j);
    const Four direct = direct_of(rows, mul(dy, mul(slope, series<0, 1>(s.back, z))), j);
    float* dx = rows.dx + j;
    store(hn::NegMulAdd(large.a, sums.a, direct.a), dx, false);
    store(hn::NegMulAdd(large.b, sums.b, direct.b), dx + pitch_, false);
    store(hn::NegMulAdd(large.c, sums.c, direct.c), dx + 2 * pitch_, false);
    store(hn::NegMulAdd(large.d, sums.d, direct.d), dx + 3 * pitch_, false);
  }
  // Four rows that are read soon.
  HWY_INLINE void ask(std::int64_t r, std::int64_t j) const {
    const float* x = static_cast<const float*>(m_.x) + (r + 4 + kReach) * m_.x_pitch + j;
    const float* dy = static_cast<const float*>(m_.dy) + (r + 4) * m_.dy_pitch + j;
    for (int i = 0; i < 4; ++i) {
      hwy::Prefetch(x + i * m_.x_pitch);
      hwy::Prefetch(dy + i * m_.dy_pitch);
    }
  }

  // Rows of dx from `first` on, lanes from `from` on.
  void write_rows(std::int64_t first, std::int64_t count, std::int64_t from, std::int64_t to) const {
    for (std::int64_t r = first < 0 ? 0 : first; r < first + count && r < m_.rows; ++r) {
      write(dx(r + kReach) + from, static_cast<float*>(m_.y) + r * m_.y_pitch + from, to - from, m_.streaming);
    }
  }

 public:
  explicit GradientAcross(const LocalResponse& m)
      : m_(m),
        pitch_(m.room_pitch),
        root_(hn::Set(DF(), m.gradients.root)),
        zeros_(m.room),
        outside_(m.room + pitch_),
        older_(m.room + 2 * pitch_),
        dx_(m.room + 6 * pitch_) {}
  HWY_NOINLINE void run() const {
    const std::int64_t vector_lanes = 2 * half_step();
    std::fill_n(m_.room, 8 * pitch_, 0.0f);
    for (std::int64_t r = 0; r < m_.rows + kReach; r += 4) {
      const Rows four = rows(r);
      for (std::int64_t j = 0; j < m_.lanes; j += vector_lanes) {
        ask(r, j);
        vector(four, j);
      }
      if (!m_.kept) write_rows(r - kReach, 4, 0, m_.lanes);
    }
    for (std::int64_t j = 0; j < m_.lanes; ++j) m_.left[j] = outside_[j] != 0;
    if (m_.kept) write_kept();
  }
  void write_kept() const {
    for (std::int64_t j = 0, end = 0; j < m_.lanes; j = end) {
      while (end < m_.lanes && m_.left[end] == m_.left[j]) ++end;
      if (!m_.left[j]) write_rows(0, m_.rows, j, end);
    }
  }
};

inline void series_backward_across(const LocalResponse& m) {
  m.taps == 3 ? GradientAcross<3>(m).run() : GradientAcross<5>(m).run();
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
