// B^-e for the exponents that local response norm is used with. Included once per instruction set.

#if defined(POISE_KERNELS_INVERSE_POWER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_INVERSE_POWER_INL_H_
#undef POISE_KERNELS_INVERSE_POWER_INL_H_
#else
#define POISE_KERNELS_INVERSE_POWER_INL_H_
#endif

#include "kernels/element-inl.h"
#include "kernels/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

enum class Power { half, three_quarters, one, any };

// The powers below are of numbers in this range, where nothing in them overflows or loses digits; all other lanes, NaN
// among them, go one by one.
template <class T>
inline constexpr T power_least = std::is_same_v<T, double> ? T(0x1p-500) : T(least_response);
template <class T>
inline constexpr T power_most = std::is_same_v<T, double> ? T(0x1p500) : T(0x1p60);

// Four vectors at once: an operation waits for the one before it, and those of other vectors take its turn.
struct Four {
  VF a, b, c, d;
};
// Whether no B, none of which is negative or below power_least, is above power_most or NaN: as bits these are above.
HWY_INLINE bool all_at_most(const Four& b) {
  const hn::RebindToUnsigned<DF> d32;
  const auto bits = [&](VF v) HWY_ATTR { return hn::BitCast(d32, v); };
  const auto most = hn::Max(hn::Max(bits(b.a), bits(b.b)), hn::Max(bits(b.c), bits(b.d)));
  const auto bound = bits(hn::Set(DF(), power_most<float>));
  return hn::AllTrue(d32, hn::Eq(hn::Max(most, bound), bound));
}

inline Power power_of(double exponent) {
  return exponent == 0.5    ? Power::half
         : exponent == 0.75 ? Power::three_quarters
         : exponent == 1    ? Power::one
                            : Power::any;
}

HWY_INLINE VF mul(VF v, VF w) { return hn::Mul(v, w); }
HWY_INLINE Four mul(const Four& v, const Four& w) {
  return {mul(v.a, w.a), mul(v.b, w.b), mul(v.c, w.c), mul(v.d, w.d)};
}
HWY_INLINE Four four_at(const float* p) {
  const std::int64_t vector = 2 * half_step();
  return {load(p), load(p + vector), load(p + 2 * vector), load(p + 3 * vector)};
}
HWY_INLINE void put(const Four& v, float* p, bool streaming = false) {
  const std::int64_t vector = 2 * half_step();
  store(v.a, p, streaming);
  store(v.b, p + vector, streaming);
  store(v.c, p + 2 * vector, streaming);
  store(v.d, p + 3 * vector, streaming);
}
// v * w + to.
HWY_INLINE VF mul_add(VF v, VF w, VF to) { return hn::MulAdd(v, w, to); }
HWY_INLINE Four mul_add(const Four& v, const Four& w, const Four& to) {
  return {mul_add(v.a, w.a, to.a), mul_add(v.b, w.b, to.b), mul_add(v.c, w.c, to.c), mul_add(v.d, w.d, to.d)};
}
HWY_INLINE VF mul_add(VF v, VF w, float to) { return mul_add(v, w, hn::Set(DF(), to)); }
HWY_INLINE Four mul_add(const Four& v, const Four& w, float to) {
  return {mul_add(v.a, w.a, to), mul_add(v.b, w.b, to), mul_add(v.c, w.c, to), mul_add(v.d, w.d, to)};
}
HWY_INLINE VF mul_add(VF v, float w, float to) { return mul_add(v, hn::Set(DF(), w), to); }
HWY_INLINE Four mul_add(const Four& v, float w, float to) {
  return {mul_add(v.a, w, to), mul_add(v.b, w, to), mul_add(v.c, w, to), mul_add(v.d, w, to)};
}
// 1 - v * w.
HWY_INLINE VF one_less(VF v, VF w) { return hn::NegMulAdd(v, w, hn::Set(DF(), 1.0f)); }
HWY_INLINE Four one_less(const Four& v, const Four& w) {
  return {one_less(v.a, w.a), one_less(v.b, w.b), one_less(v.c, w.c), one_less(v.d, w.d)};
}
HWY_INLINE VF inverse(VF v) { return hn::Div(hn::Set(DF(), 1.0f), v); }
HWY_INLINE Four inverse(const Four& v) { return {inverse(v.a), inverse(v.b), inverse(v.c), inverse(v.d)}; }

// Off the exponent's bits: B^-1/2 (B^-3/4), of which the residual below is at most 0.069 (0.172).
template <Power kPower>
HWY_INLINE VF guess(VF b) {
  const hn::RebindToUnsigned<DF> d32;
  const auto bits = hn::BitCast(d32, b);
  const auto half = hn::ShiftRight<1>(bits);
  if constexpr (kPower == Power::half) return hn::BitCast(DF(), hn::Sub(hn::Set(d32, 0x5F374000u), half));
  return hn::BitCast(DF(), hn::Sub(hn::Set(d32, 0x6F146000u), hn::Add(half, hn::ShiftRight<2>(bits))));
}
template <Power kPower>
HWY_INLINE Four guess(const Four& b) {
  return {guess<kPower>(b.a), guess<kPower>(b.b), guess<kPower>(b.c), guess<kPower>(b.d)};
}

// B^-e of float32 in stages, t after the last. Square roots and divisions of whole vectors would take longer than
// memory does. With the residual r = 1 - B t^2 of a guess t (three quarters: 1 - B^3 t^4) the power is t (1 - r)^-1/2
// (-1/4); a polynomial leaves 2^-30 (2^-27.6) of it. Errors besides: the residual's factors (2u of B t^2, half of it
// counts; 6u of B^3 t^4, a quarter of it), the last addition, and what is added to t, at most 0.05 t within 4u: so 2.3u
// and 2.8u. Constants: least largest residual over a period of the exponent, then least largest error, found by search.
template <Power kPower, class V>
struct InversePower {
  V b, t, r, p;

  template <int kStage>
  HWY_INLINE void stage() {
    if constexpr (kPower == Power::one) {
      if constexpr (kStage == 0) t = inverse(b);
    } else {
      if constexpr (kStage == 0) t = guess<kPower>(b);
      if constexpr (kPower == Power::half) half<kStage>();
      if constexpr (kPower == Power::three_quarters) three_quarters<kStage>();
      if constexpr (kStage == 5) r = mul(r, t);
      if constexpr (kStage == 6) t = mul_add(r, p, t);
    }
  }

  HWY_INLINE void all() {
    stage<0>();
    stage<1>();
    stage<2>();
    stage<3>();
    stage<4>();
    stage<5>();
    stage<6>();
  }

 private:
  template <int kStage>
  HWY_INLINE void half() {
    if constexpr (kStage == 1) r = one_less(mul(b, t), t);
    if constexpr (kStage == 2) p = mul_add(r, 0.24838321f, 0.27489905f);
    if constexpr (kStage == 3) p = mul_add(r, p, 0.31249339f);
    if constexpr (kStage == 4) p = mul_add(r, p, 0.3749979f);
    if constexpr (kStage == 5) p = mul_add(r, p, 0.5f);
  }
  template <int kStage>
  HWY_INLINE void three_quarters() {
    if constexpr (kStage == 1) r = mul(b, mul(t, t));
    if constexpr (kStage == 2) r = one_less(mul(b, r), r);
    if constexpr (kStage == 3) p = mul_add(r, mul_add(r, 0.07450698f, 0.08425246f), 0.09514176f);
    if constexpr (kStage == 4) p = mul_add(r, mul_add(r, p, 0.11713905f), 0.15625044f);
    if constexpr (kStage == 5) p = mul_add(r, p, 0.25000017f);
  }
};

template <Power kPower>
HWY_INLINE VF inverse_power(VF b) {
  InversePower<kPower == Power::any ? Power::one : kPower, VF> f{b, b, b, b};
  f.all();
  return f.t;
}
template <Power kPower>
HWY_INLINE VD inverse_power(VD b) {
  if constexpr (kPower == Power::half) b = hn::Sqrt(b);
  if constexpr (kPower == Power::three_quarters) b = hn::Sqrt(hn::Mul(b, hn::Sqrt(b)));
  return hn::Div(hn::Set(DD(), 1.0), b);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
