// What local response norm's loops in float32 have in common: windows of 3 or 5 taps, the power by a polynomial, and
// lanes for which these do not suffice. Included once per instruction set.

#if defined(POISE_KERNELS_RESPONSE_SERIES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_RESPONSE_SERIES_INL_H_
#undef POISE_KERNELS_RESPONSE_SERIES_INL_H_
#else
#define POISE_KERNELS_RESPONSE_SERIES_INL_H_
#endif

#include "kernels/local_response-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

HWY_INLINE VF add(VF v, VF w) { return hn::Add(v, w); }
HWY_INLINE Four add(const Four& v, const Four& w) {
  return {add(v.a, w.a), add(v.b, w.b), add(v.c, w.c), add(v.d, w.d)};
}
HWY_INLINE Four four_of(VF v) { return {v, v, v, v}; }
template <class V>
HWY_INLINE V spread(float value) {
  const VF v = hn::Set(DF(), value);
  if constexpr (std::is_same_v<V, Four>) {
    return four_of(v);
  } else {
    return v;
  }
}

// --- neighbours ---

// Lanes from the kBy-th of `here` on, then the first of `there`; and the last kBy of `before`, then those of `here`.
#if HWY_TARGET <= HWY_AVX3
template <int kBy>
HWY_INLINE VF lanes_ahead(VF here, VF there) {
  return VF{
      _mm512_castsi512_ps(_mm512_alignr_epi32(_mm512_castps_si512(there.raw), _mm512_castps_si512(here.raw), kBy))};
}
template <int kBy>
HWY_INLINE VF lanes_behind(VF before, VF here) {
  return lanes_ahead<16 - kBy>(before, here);
}
#elif HWY_TARGET == HWY_AVX2
template <int kBy>
HWY_INLINE VF lanes_ahead(VF here, VF there) {
  return hn::CombineShiftRightBytes<4 * kBy>(DF(), hn::ConcatLowerUpper(DF(), there, here), here);
}
template <int kBy>
HWY_INLINE VF lanes_behind(VF before, VF here) {
  return hn::CombineShiftRightBytes<16 - 4 * kBy>(DF(), here, hn::ConcatLowerUpper(DF(), here, before));
}
#else
template <int kBy>
HWY_INLINE VF lanes_ahead(VF here, VF there) {
  return hn::CombineShiftRightBytes<4 * kBy>(DF(), there, here);
}
template <int kBy>
HWY_INLINE VF lanes_behind(VF before, VF here) {
  return hn::CombineShiftRightBytes<16 - 4 * kBy>(DF(), here, before);
}
#endif
template <int kBy>
HWY_INLINE Four lanes_ahead(const Four& v, const Four& w) {
  return {lanes_ahead<kBy>(v.a, w.a), lanes_ahead<kBy>(v.b, w.b), lanes_ahead<kBy>(v.c, w.c),
          lanes_ahead<kBy>(v.d, w.d)};
}
template <int kBy>
HWY_INLINE Four lanes_behind(const Four& v, const Four& w) {
  return {lanes_behind<kBy>(v.a, w.a), lanes_behind<kBy>(v.b, w.b), lanes_behind<kBy>(v.c, w.c),
          lanes_behind<kBy>(v.d, w.d)};
}

// --- windows: (two before + the pair here) + the last, or of 3 taps a pair and the last. So both loops add alike. ---

// Along a row or four, a vector of each at a time.
template <int kTaps, class V>
class AlongSums {
  V here_, pair_;

 public:
  HWY_INLINE void begin(const V& first) {
    here_ = first;
    pair_ = lanes_ahead<1>(spread<V>(0), first);
  }
  // The sums about the last but one; `there` is the last.
  HWY_INLINE V next(const V& there) {
    const V one = lanes_ahead<1>(here_, there), pair = add(here_, one);
    V sum;
    if constexpr (kTaps == 5) {
      sum = add(add(lanes_behind<2>(pair_, pair), pair), lanes_ahead<2>(here_, there));
    } else {
      sum = add(lanes_behind<1>(pair_, pair), one);
    }
    pair_ = pair;
    here_ = there;
    return sum;
  }
};

// Across four rows of values(0) to values(kTaps + 2).
template <int kTaps, class Values>
HWY_INLINE Four across_sums(Values values) {
  const VF v0 = values(0), v1 = values(1), v2 = values(2), v3 = values(3), v4 = values(4), v5 = values(5);
  const VF p0 = add(v0, v1), p1 = add(v1, v2), p2 = add(v2, v3), p3 = add(v3, v4);
  if constexpr (kTaps == 3) return {add(p0, v2), add(p1, v3), add(p2, v4), add(p3, v5)};
  const VF v6 = values(6), v7 = values(7), p4 = add(v4, v5), p5 = add(v5, v6);
  return {add(add(p0, p2), v4), add(add(p1, p3), v5), add(add(p2, p4), v6), add(add(p3, p5), v7)};
}

// --- the power ---

// c[kFirst] + z (c[kFirst + 1] + ...) up to c[kLast].
template <int kFirst, int kLast, class V>
HWY_INLINE V series(const float* c, const V& z) {
  const V term = spread<V>(c[kFirst]);
  if constexpr (kFirst == kLast) {
    return term;
  } else {
    return mul_add(z, series<kFirst + 1, kLast>(c, z), term);
  }
}

// Whether no z is above `most` or NaN; none is negative.
HWY_INLINE bool all_within(const Four& z, float most) {
  const hn::RebindToUnsigned<DF> d32;
  const auto bits = [&](VF v) HWY_ATTR { return hn::BitCast(d32, v); };
  const auto highest = hn::Max(hn::Max(bits(z.a), bits(z.b)), hn::Max(bits(z.c), bits(z.d)));
  const auto bound = bits(hn::Set(DF(), most));
  return hn::AllTrue(d32, hn::Eq(hn::Max(highest, bound), bound));
}

// v where z is at most series.most; elsewhere x * f with the window summed in float64, and where its B is too large for
// the power too, one by one. tap: where the vector lies in each of the taps.
template <int kTaps>
HWY_NOINLINE VF exact_lanes(const LocalResponse& m, const float* const* tap, VF z, VF v) {
  VD low = hn::Zero(DD()), high = low;
  for (int t = 0; t < kTaps; ++t) {
    VD a, b;
    load_step(tap[t], a, b);
    low = hn::MulAdd(a, a, low);
    high = hn::MulAdd(b, b, high);
  }
  const VD alpha = hn::Set(DD(), m.alpha), k = hn::Set(DD(), m.k);
  const VF b = narrow(hn::MulAdd(low, alpha, k), hn::MulAdd(high, alpha, k)), x = load(tap[kTaps / 2]);
  const Power power = power_of(m.exponent);
  const VF f = power == Power::half             ? inverse_power<Power::half>(b)
               : power == Power::three_quarters ? inverse_power<Power::three_quarters>(b)
                                                : inverse_power<Power::one>(b);
  v = hn::IfThenElse(hn::Le(z, hn::Set(DF(), m.series.most)), v, hn::Mul(x, f));
  const VF most = hn::Set(DF(), power_most<float>);
  if (HWY_LIKELY(hn::AllTrue(DF(), hn::Le(b, most)))) return v;
  HWY_ALIGN float lane_b[max_step], out[max_step];
  store(b, lane_b, false);
  store(v, out, false);
  for (std::int64_t i = 0; i < 2 * half_step(); ++i) {
    if (lane_b[i] <= power_most<float>) continue;
    double sum = 0;
    for (int t = 0; t < kTaps; ++t) sum += static_cast<double>(tap[t][i]) * tap[t][i];
    out[i] = static_cast<float>(tap[kTaps / 2][i] * response_of(m, sum).f);
  }
  return load(out);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
