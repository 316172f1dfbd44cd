// Local response norm of 3 or 5 taps, each a row of contiguous elements. Included once per instruction set.

#if defined(POISE_KERNELS_RESPONSE_ACROSS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_ACROSS_INL_H_
#undef POISE_KERNELS_RESPONSE_ACROSS_INL_H_
#else
#define POISE_KERNELS_RESPONSE_ACROSS_INL_H_
#endif

#include "kernels/local_response-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// B of four rows' half steps: their windows have most taps in common, so eight rows (of 3 taps six) are read for four.
template <int kTaps>
class FourWindows {
  const void* const* tap_;
  const VD alpha_, k_;
  VD two_, front_, back_, edge_;

  HWY_INLINE VD square(int i, std::int64_t j) const {
    const VD v = load_half(static_cast<const float*>(tap_[i]) + j);
    return hn::Mul(v, v);
  }
  HWY_INLINE VD mapped(VD sum) const { return hn::MulAdd(sum, alpha_, k_); }

 public:
  struct Sums {
    VD a, b, c, d;
  };
  HWY_INLINE explicit FourWindows(const LocalResponse& m)
      : tap_(m.tap), alpha_(hn::Set(DD(), m.alpha)), k_(hn::Set(DD(), m.k)) {}

  // What comes first of the half step at j, and what is left.
  HWY_INLINE void begin(std::int64_t j) {
    two_ = square(2, j);
    front_ = hn::Add(square(1, j), two_);
    if constexpr (kTaps == 5) {
      back_ = hn::Add(square(3, j), square(4, j));
      front_ = hn::Add(front_, back_);
    }
    edge_ = square(0, j);
  }
  HWY_INLINE Sums end(std::int64_t j) {
    if constexpr (kTaps == 3) {
      const VD three = square(3, j);
      back_ = hn::Add(three, square(4, j));
      return {mapped(hn::Add(edge_, front_)), mapped(hn::Add(front_, three)), mapped(hn::Add(two_, back_)),
              mapped(hn::Add(back_, square(5, j)))};
    } else {
      const VD five = square(5, j);
      back_ = hn::Add(back_, hn::Add(five, square(6, j)));
      return {mapped(hn::Add(edge_, front_)), mapped(hn::Add(front_, five)), mapped(hn::Add(two_, back_)),
              mapped(hn::Add(back_, square(7, j)))};
    }
  }
};

// Lanes of a vector of each row whose B is too large for the power, one by one.
HWY_NOINLINE void mend_rows(const LocalResponse& m, std::int64_t j, const float* b, float* const* y) {
  const std::int64_t vector = 2 * half_step();
  for (std::int64_t i = 0; i < 4 * vector; ++i) {
    const std::int64_t row = i / vector, lane = j + i % vector;
    if (lane >= m.lanes || b[i] <= power_most<float>) continue;
    double sum = 0;
    for (std::int64_t t = 0; t < m.taps; ++t) {
      const double v = static_cast<const float*>(m.tap[row + t])[lane];
      sum += v * v;
    }
    const float* x = static_cast<const float*>(m.tap[row + m.taps / 2]);
    y[row][lane] = static_cast<float>(x[lane] * response_of(m, sum).f);
  }
}

// An object's address must not leave these functions, or its vectors would live in memory.
template <Power kPower, int kTaps>
class AcrossRows {
  const LocalResponse& m_;
  const std::int64_t half_ = half_step(), vector_ = 2 * half_;
  float* const* y_;
  FourWindows<kTaps> window_;
  InversePower<kPower, Four> power_;

  HWY_INLINE const float* x(int row) const { return static_cast<const float*>(m_.tap[kTaps / 2 + row]); }

  // Rows that are read soon.
  HWY_INLINE void ask(std::int64_t j) const {
    const float* soon = static_cast<const float*>(m_.tap[kTaps + 2]) + j + m_.ahead;
    hwy::Prefetch(soon);
    hwy::Prefetch(soon + m_.ahead);
    soon += 2 * m_.ahead;
    hwy::Prefetch(soon);
    hwy::Prefetch(soon + m_.ahead);
  }
  HWY_INLINE void finish(std::int64_t j) const {
    const Four& f = power_.t;
    store(hn::Mul(load(x(0) + j), f.a), y_[0] + j, false);
    store(hn::Mul(load(x(1) + j), f.b), y_[1] + j, false);
    store(hn::Mul(load(x(2) + j), f.c), y_[2] + j, false);
    store(hn::Mul(load(x(3) + j), f.d), y_[3] + j, false);
    if (HWY_LIKELY(all_at_most(power_.b))) return;
    HWY_ALIGN float b[4 * HWY_MAX_BYTES / sizeof(float)];
    put(power_.b, b);
    mend_rows(m_, j, b, y_);
  }
  // The windows at `next`, and the power of those at j.
  HWY_INLINE void turn(std::int64_t j, std::int64_t next) {
    power_.template stage<0>();
    window_.begin(next);
    power_.template stage<1>();
    const auto low = window_.end(next);
    power_.template stage<2>();
    power_.template stage<3>();
    window_.begin(next + half_);
    power_.template stage<4>();
    const auto high = window_.end(next + half_);
    power_.template stage<5>();
    power_.template stage<6>();
    ask(next);
    if (j >= 0) finish(j);
    power_.b = {narrow(low.a, high.a), narrow(low.b, high.b), narrow(low.c, high.c), narrow(low.d, high.d)};
  }

 public:
  AcrossRows(const LocalResponse& m, float* const* y) : m_(m), y_(y), window_(m) {
    const VF one = hn::Set(DF(), 1.0f);
    power_.b = {one, one, one, one};
  }
  // The last vector ends with the row: what it has in common with the one before is the same.
  HWY_INLINE void run() {
    const std::int64_t end = m_.lanes < vector_ ? 0 : m_.lanes - vector_;
    turn(-1, 0);
    for (std::int64_t j = 0;;) {
      const std::int64_t next = j + vector_ < end ? j + vector_ : end;
      turn(j, next);
      if (j == end) return;
      j = next;
    }
  }
};

template <Power kPower>
HWY_NOINLINE void across_rows(const LocalResponse& m, float* const* y) {
  if (m.taps == 3) return AcrossRows<kPower, 3>(m, y).run();
  AcrossRows<kPower, 5>(m, y).run();
}

// rows(y) computes all of four rows, where they belong or into room, from which m.rows of them are then written.
template <class Y, class Rows>
HWY_INLINE void four_rows(const LocalResponse& m, Rows rows) {
  const auto vector = static_cast<std::int64_t>(hn::Lanes(DF()));
  const bool direct = std::is_same_v<Y, float> && !m.streaming && m.lanes >= vector;
  float* y[4];
  for (std::int64_t r = 0; r < 4; ++r) {
    y[r] = direct && r < m.rows ? static_cast<float*>(m.y) + r * m.y_pitch : m.room + r * m.room_pitch;
  }
  rows(y);
  if (direct) return;
  for (std::int64_t r = 0; r < m.rows; ++r) write(y[r], static_cast<Y*>(m.y) + r * m.y_pitch, m.lanes, m.streaming);
}

template <class Y>
struct Across {
  static void run(const LocalResponse& m) {
    four_rows<Y>(m, [&](float* const* y) HWY_ATTR {
      switch (power_of(m.exponent)) {
        case Power::half:
          return across_rows<Power::half>(m, y);
        case Power::three_quarters:
          return across_rows<Power::three_quarters>(m, y);
        default:
          return across_rows<Power::one>(m, y);
      }
    });
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
