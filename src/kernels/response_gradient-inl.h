// Local response norm's gradient of 3 or 5 taps in float32 along contiguous elements. Included once per instruction
// set.

#if defined(POISE_KERNELS_RESPONSE_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_GRADIENT_INL_H_
#undef POISE_KERNELS_RESPONSE_GRADIENT_INL_H_
#else
#define POISE_KERNELS_RESPONSE_GRADIENT_INL_H_
#endif

#include "kernels/response_series_along-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Whether the series does for all that was added, by lane or for all lanes: looked at once, behind the end.
class GradientRange {
  static constexpr hn::RebindToUnsigned<DF> d32_{};
  using Bits = hn::VFromD<hn::RebindToUnsigned<DF>>;
  Bits z_, dy_, x_;

  HWY_INLINE Bits bits(VF v) const { return hn::BitCast(d32_, v); }
  // Bits of |v| in the order of |v|.
  HWY_INLINE Bits size(VF v) const { return hn::ShiftLeft<1>(bits(v)); }
  // The same with 0 as the largest.
  HWY_INLINE Bits size_but_zero(VF v) const { return hn::Sub(size(v), hn::Set(d32_, 1)); }

 public:
  HWY_INLINE GradientRange() : z_(hn::Zero(d32_)), dy_(z_), x_(hn::Not(z_)) {}
  HWY_INLINE void add(VF z, VF dy, VF x) {
    z_ = hn::Max(z_, bits(z));
    dy_ = hn::Max(dy_, size(dy));
    x_ = hn::Min(x_, size_but_zero(x));
  }
  HWY_INLINE auto within(const GradientSeries& s) const {
    const Bits z = bits(hn::Set(DF(), s.most)), dy = size(hn::Set(DF(), most_slope));
    const Bits x = size_but_zero(hn::Set(DF(), s.least));
    const auto most = hn::And(hn::Eq(hn::Max(z_, z), z), hn::Eq(hn::Max(dy_, dy), dy));
    return hn::And(most, hn::Eq(hn::Min(x_, x), x));
  }
  HWY_INLINE bool does(const GradientSeries& s) const { return hn::AllTrue(d32_, within(s)); }
};

template <int kTaps>
class GradientRow {
  const LocalResponse& m_;
  const std::int64_t vector_ = 2 * half_step();
  const VF root_;

  HWY_INLINE VF scaled(VF x) const { return hn::Mul(x, root_); }

 public:
  explicit GradientRow(const LocalResponse& m) : m_(m), root_(hn::Set(DF(), m.gradients.root)) {}
  // Into room; false: the series does not do. A vector's sum of slopes takes those of the next.
  HWY_NOINLINE bool run(const float* x, const float* dy) const {
    constexpr int last = ResponseSeries::terms - 1;
    const GradientSeries& s = m_.gradients;
    GradientRange range;
    AlongSums<kTaps, VF> squares, slopes;
    VF here = load_first(x, m_.lanes), large = scaled(here), large_before = large, direct_before = large;
    squares.begin(hn::Mul(large, large));
    for (std::int64_t j = 0; j < m_.lanes; j += vector_) {
      hwy::Prefetch(x + j + 4 * m_.x_pitch);
      hwy::Prefetch(dy + j + 4 * m_.dy_pitch);
      const VF there = load_first(x + j + vector_, m_.lanes - j - vector_), large_there = scaled(there);
      const VF z = squares.next(hn::Mul(large_there, large_there)), slope = load_first(dy + j, m_.lanes - j);
      const VF by_slope = series<0, last>(s.slope, z), term = hn::Mul(hn::Mul(slope, large), by_slope);
      range.add(z, slope, here);
      if (j == 0) {
        slopes.begin(term);
      } else {
        store(hn::NegMulAdd(large_before, slopes.next(term), direct_before), m_.room + j - vector_, false);
      }
      direct_before = hn::Mul(slope, hn::Mul(by_slope, series<0, 1>(s.back, z)));
      large_before = large;
      large = large_there;
      here = there;
    }
    const std::int64_t end = (m_.lanes - 1) / vector_ * vector_;
    store(hn::NegMulAdd(large_before, slopes.next(hn::Zero(DF())), direct_before), m_.room + end, false);
    return range.does(s);
  }
};

inline void series_backward(const LocalResponse& m) {
  for (std::int64_t r = 0; r < m.rows; ++r) {
    const float* x = static_cast<const float*>(m.x) + r * m.x_pitch;
    const float* dy = static_cast<const float*>(m.dy) + r * m.dy_pitch;
    const bool does = m.taps == 3 ? GradientRow<3>(m).run(x, dy) : GradientRow<5>(m).run(x, dy);
    m.left[r] = !does;
    if (does) write(m.room, static_cast<float*>(m.y) + r * m.y_pitch, m.lanes, m.streaming);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
