// Local response norm of 3 or 5 taps along contiguous elements. Included once per instruction set.

#if defined(POISE_KERNELS_RESPONSE_ALONG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_ALONG_INL_H_
#undef POISE_KERNELS_RESPONSE_ALONG_INL_H_
#else
#define POISE_KERNELS_RESPONSE_ALONG_INL_H_
#endif

#include "kernels/local_response-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Indices by which lane i becomes lane i + kBy, around the end.
template <int kBy>
HWY_INLINE auto turning() {
  HWY_ALIGN std::int64_t from[HWY_MAX_BYTES / sizeof(double)];
  const auto n = static_cast<std::int64_t>(hn::Lanes(DD()));
  for (std::int64_t i = 0; i < n; ++i) from[i] = (i + n + kBy) % n;
  return hn::SetTableIndices(DD(), from);
}

// B along a row, half a step at a time. Squares stay in registers and neighbours come by turning lanes: vectors loaded
// from between others take two loads each. S = (pair from `reach` before) + pair + rest, where a pair is of neighbours.
template <int kTaps>
class RowWindow {
  static constexpr int reach = kTaps / 2;
  using Turn = decltype(turning<0>());
  using Mask = hn::Mask<DD>;
  struct Squares {
    VD v, one, two;  // themselves, turned by one and by two
  };
  const Turn left_one = turning<1>(), left_two = turning<2>(), right = turning<-reach>();
  const Mask but_one = hn::FirstN(DD(), hn::Lanes(DD()) - 1), but_two = hn::FirstN(DD(), hn::Lanes(DD()) - 2);
  const Mask first = hn::FirstN(DD(), reach);
  const VD alpha, k;
  Squares here, there;
  VD before;

  HWY_INLINE Squares squares(VD v) const {
    Squares s;
    s.v = hn::Mul(v, v);
    s.one = hn::TableLookupLanes(s.v, left_one);
    s.two = kTaps == 5 ? hn::TableLookupLanes(s.v, left_two) : s.one;
    return s;
  }

 public:
  HWY_INLINE explicit RowWindow(const LocalResponse& m) : alpha(hn::Set(DD(), m.alpha)), k(hn::Set(DD(), m.k)) {}
  HWY_INLINE void begin(const float* x) {
    here = squares(load_half(x));
    there = squares(load_half(x + half_step()));
    before = hn::TableLookupLanes(hn::IfThenZeroElse(but_one, here.one), right);  // zeros and the first, as pairs
  }
  // B of the half step before the last; p is the next.
  HWY_INLINE VD next(const float* p) {
    const VD behind = hn::IfThenElse(but_one, here.one, there.one);
    const VD pair = hn::Add(here.v, behind), turned = hn::TableLookupLanes(pair, right);
    VD sum = hn::IfThenElse(first, before, turned);
    if constexpr (kTaps == 5) {
      sum = hn::Add(hn::Add(sum, pair), hn::IfThenElse(but_two, here.two, there.two));
    } else {
      sum = hn::Add(sum, behind);
    }
    before = turned;
    here = there;
    there = squares(load_half(p));
    return hn::MulAdd(sum, alpha, k);
  }
};

// Those lanes of the four vectors from x on whose B is too large for the power: one by one, the row clipped at its
// ends.
HWY_NOINLINE void mend_part(const LocalResponse& m, const float* row, const float* x, const float* b, float* y) {
  const std::int64_t count = 8 * half_step(), reach = m.taps / 2;
  for (std::int64_t i = 0; i < count; ++i) {
    if (b[i] <= power_most<float>) continue;
    const std::int64_t c = x - row + i;
    double sum = 0;
    for (std::int64_t t = c < reach ? 0 : c - reach; t < m.lanes && t <= c + reach; ++t) {
      const double v = row[t];
      sum += v * v;
    }
    y[i] = static_cast<float>(row[c] * response_of(m, sum).f);
  }
}

// Four vectors of a row at a time: their powers are taken while the next four's windows are summed. An object's address
// must not leave these functions, or its vectors would live in memory.
template <Power kPower, int kTaps>
class AlongRows {
  const LocalResponse& m_;
  const std::int64_t half_ = half_step(), whole_ = 8 * half_;
  const bool streaming_;
  RowWindow<kTaps> window_;
  InversePower<kPower, Four> power_;
  // Whose power it is.
  const float *row_ = nullptr, *x_ = nullptr;
  float* y_ = nullptr;

  HWY_INLINE void finish() const {
    if (HWY_UNLIKELY(x_ == nullptr)) return;
    const bool whole = all_at_most(power_.b);
    put(mul(four_at(x_), power_.t), y_, streaming_ && whole);
    if (HWY_LIKELY(whole)) return;
    HWY_ALIGN float b[4 * HWY_MAX_BYTES / sizeof(float)];
    put(power_.b, b);
    mend_part(m_, row_, x_, b, y_);
  }
  // The windows of the four vectors at x, of which two half steps are known, and the last power.
  HWY_INLINE void turn(const float* x, const float* behind) {
    power_.template stage<0>();
    const VD a0 = window_.next(x + 2 * half_);
    power_.template stage<1>();
    const VD a1 = window_.next(x + 3 * half_);
    power_.template stage<2>();
    const VD b0 = window_.next(x + 4 * half_);
    const VF a = narrow(a0, a1);
    power_.template stage<3>();
    const VD b1 = window_.next(x + 5 * half_);
    const VD c0 = window_.next(x + 6 * half_);
    power_.template stage<4>();
    const VF b = narrow(b0, b1);
    const VD c1 = window_.next(x + 7 * half_);
    power_.template stage<5>();
    const VD d0 = window_.next(behind);
    const VF c = narrow(c0, c1);
    power_.template stage<6>();
    const VD d1 = window_.next(behind + half_);
    finish();
    power_.b = {a, b, c, narrow(d0, d1)};
  }

 public:
  AlongRows(const LocalResponse& m, bool streaming) : m_(m), streaming_(streaming), window_(m) {
    const VF one = hn::Set(DF(), 1.0f);
    power_.b = {one, one, one, one};
  }
  HWY_INLINE void run(float* y, std::int64_t pitch, const float* zeros) {
    const float* x = static_cast<const float*>(m_.x);
    for (std::int64_t r = 0; r < m_.rows; ++r, x += m_.x_pitch, y += pitch) {
      window_.begin(x);
      for (std::int64_t j = 0; j < m_.lanes; j += whole_) {
        turn(x + j, j + whole_ < m_.lanes ? x + j + whole_ : zeros);
        row_ = x;
        x_ = x + j;
        y_ = y + j;
      }
    }
    power_.all();
    finish();
  }
};

template <Power kPower>
HWY_NOINLINE void along_rows(const LocalResponse& m, float* y, std::int64_t pitch, bool streaming) {
  HWY_ALIGN const float zeros[max_step] = {};
  if (m.taps == 3) return AlongRows<kPower, 3>(m, streaming).run(y, pitch, zeros);
  AlongRows<kPower, 5>(m, streaming).run(y, pitch, zeros);
}

template <class Y>
struct Along {
  static void run(const LocalResponse& m) {
    constexpr std::int64_t line = 64 / sizeof(float);
    const auto* first = static_cast<const float*>(m.y);
    bool direct = std::is_same_v<Y, float>;
    if (direct && m.streaming) direct = m.y_pitch % line == 0 && elements_to_line(first, 1) == 0;
    float* y = direct ? static_cast<float*>(m.y) : m.room;
    const std::int64_t pitch = direct ? m.y_pitch : m.room_pitch;
    const bool streaming = direct && m.streaming;
    switch (power_of(m.exponent)) {
      case Power::half:
        along_rows<Power::half>(m, y, pitch, streaming);
        break;
      case Power::three_quarters:
        along_rows<Power::three_quarters>(m, y, pitch, streaming);
        break;
      default:
        along_rows<Power::one>(m, y, pitch, streaming);
    }
    if (direct) return;
    for (std::int64_t r = 0; r < m.rows; ++r) {
      write(m.room + r * m.room_pitch, static_cast<Y*>(m.y) + r * m.y_pitch, m.lanes, m.streaming);
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
