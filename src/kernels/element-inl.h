// Loads and stores of every stored type as vectors of the compute types. Included once per instruction set.

#if defined(POISE_KERNELS_ELEMENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_ELEMENT_INL_H_
#undef POISE_KERNELS_ELEMENT_INL_H_
#else
#define POISE_KERNELS_ELEMENT_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <poise/dtype.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The type a stored type is computed in.
template <class X>
using Compute = std::conditional_t<std::is_same_v<X, double>, double, float>;

using DF = hn::ScalableTag<float>;
using DD = hn::ScalableTag<double>;
using VF = hn::Vec<DF>;
using VD = hn::Vec<DD>;
using DFHalf = hn::Half<DF>;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;

// --- 16-bit formats ---

HWY_INLINE VF widen_bfloat16(const bfloat16* p) {
  const hn::Rebind<std::uint16_t, DF> d16;
  const hn::RebindToUnsigned<DF> d32;
  const auto bits = hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(p)));
  return hn::BitCast(DF(), hn::ShiftLeft<16>(bits));
}

// To nearest even by adding half an ulp, less one when the kept bit is even; a NaN keeps its upper bits and turns
// quiet. Highway 1.0.3 truncates instead. The result is the upper half of each lane; the lower is left over.
HWY_INLINE hn::Vec<hn::RebindToUnsigned<DF>> round_bfloat16(VF v) {
  const hn::RebindToUnsigned<DF> d32;
  const auto bits = hn::BitCast(d32, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1u));
  const auto rounded = hn::Add(hn::Add(bits, hn::Set(d32, 0x7FFFu)), odd);
  const auto nan = hn::Or(bits, hn::Set(d32, 0x00400000u));
  const auto is_nan = hn::RebindMask(d32, hn::IsNaN(v));
  return hn::IfThenElse(is_nan, nan, rounded);
}
HWY_INLINE hn::Vec<hn::Rebind<std::uint16_t, DF>> narrow_bfloat16(VF v) {
  const hn::RebindToSigned<DF> di32;
  const auto upper = hn::ShiftRight<16>(round_bfloat16(v));
  return hn::DemoteTo(hn::Rebind<std::uint16_t, DF>(), hn::BitCast(di32, upper));
}

#if HWY_TARGET <= HWY_AVX2
// F16C: exact widening, and narrowing to nearest even with subnormals, overflow and NaN as IEEE 754 says.
HWY_INLINE VF widen_float16(const float16* p) {
  const hn::Rebind<hwy::float16_t, DF> d16;
  const hn::Rebind<std::uint16_t, DF> du16;
  return hn::PromoteTo(DF(), hn::BitCast(d16, hn::LoadU(du16, reinterpret_cast<const std::uint16_t*>(p))));
}
HWY_INLINE hn::Vec<hn::Rebind<std::uint16_t, DF>> narrow_float16(VF v) {
  const hn::Rebind<hwy::float16_t, DF> d16;
  return hn::BitCast(hn::Rebind<std::uint16_t, DF>(), hn::DemoteTo(d16, v));
}
#else
// Without F16C Highway's emulation is wrong at the edges: lane by lane through the scalar conversions.
HWY_INLINE VF widen_float16(const float16* p) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  for (std::size_t i = 0; i < hn::Lanes(DF()); ++i) lanes[i] = to_float(p[i]);
  return hn::Load(DF(), lanes);
}
HWY_INLINE hn::Vec<hn::Rebind<std::uint16_t, DF>> narrow_float16(VF v) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  HWY_ALIGN std::uint16_t bits[HWY_MAX_BYTES / sizeof(std::uint16_t)] = {};
  hn::Store(v, DF(), lanes);
  for (std::size_t i = 0; i < hn::Lanes(DF()); ++i) bits[i] = to_float16(lanes[i]).bits;
  return hn::Load(hn::Rebind<std::uint16_t, DF>(), bits);
}
#endif

// --- one vector of the compute type ---

HWY_INLINE VF load(const float* p) { return hn::LoadU(DF(), p); }
HWY_INLINE VD load(const double* p) { return hn::LoadU(DD(), p); }
HWY_INLINE VF load(const bfloat16* p) { return widen_bfloat16(p); }
HWY_INLINE VF load(const float16* p) { return widen_float16(p); }
HWY_INLINE VF load(const std::uint8_t* p) {
  const hn::Rebind<std::uint8_t, DF> d8;
  const hn::RebindToSigned<DF> di32;
  return hn::ConvertTo(DF(), hn::PromoteTo(di32, hn::LoadU(d8, p)));
}

// streaming needs p aligned to the stored vector's size.
HWY_INLINE void store(VF v, float* p, bool streaming) {
  if (streaming) {
    hn::Stream(v, DF(), p);
  } else {
    hn::StoreU(v, DF(), p);
  }
}
HWY_INLINE void store(VD v, double* p, bool streaming) {
  if (streaming) {
    hn::Stream(v, DD(), p);
  } else {
    hn::StoreU(v, DD(), p);
  }
}
HWY_INLINE void store_bits(hn::Vec<hn::Rebind<std::uint16_t, DF>> bits, std::uint16_t* p, bool streaming) {
  const hn::Rebind<std::uint16_t, DF> d16;
  // Highway streams whole vectors only: of half a one (SSE4) it would write, and want aligned, twice as much.
  if (streaming && hn::Lanes(d16) * sizeof(std::uint16_t) >= 16) {
    hn::Stream(bits, d16, p);
  } else {
    hn::StoreU(bits, d16, p);
  }
}
HWY_INLINE void store(VF v, bfloat16* p, bool streaming) {
  store_bits(narrow_bfloat16(v), reinterpret_cast<std::uint16_t*>(p), streaming);
}
HWY_INLINE void store(VF v, float16* p, bool streaming) {
  store_bits(narrow_float16(v), reinterpret_cast<std::uint16_t*>(p), streaming);
}
// To nearest even, clamped to 0..255, NaN to 0.
HWY_INLINE void store(VF v, std::uint8_t* p, bool) {
  const hn::Rebind<std::uint8_t, DF> d8;
  const VF clamped = hn::Min(hn::IfThenZeroElse(hn::IsNaN(v), v), hn::Set(DF(), 255.0f));
  hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(hn::Max(clamped, hn::Zero(DF())))), d8, p);
}

// --- two vectors of float32 as one of 16 bits, which is half as many stores, and wide enough to be streamed ---

HWY_INLINE void store_bits(hn::Vec<hn::ScalableTag<std::uint16_t>> bits, void* p, bool streaming) {
  const hn::ScalableTag<std::uint16_t> d16;
  auto* to = static_cast<std::uint16_t*>(p);
  if (streaming) {
    hn::Stream(bits, d16, to);
  } else {
    hn::StoreU(bits, d16, to);
  }
}
HWY_INLINE void store_two(VF a, VF b, bfloat16* p, bool streaming) {
  store_bits(hn::Combine(hn::ScalableTag<std::uint16_t>(), narrow_bfloat16(b), narrow_bfloat16(a)), p, streaming);
}
HWY_INLINE void store_two(VF a, VF b, float16* p, bool streaming) {
  store_bits(hn::Combine(hn::ScalableTag<std::uint16_t>(), narrow_float16(b), narrow_float16(a)), p, streaming);
}

// Bytes at even and at odd places, and bfloat16 from there: nothing has to change its lane on the way.
HWY_INLINE void load_alternate(const std::uint8_t* p, VF& even, VF& odd) {
  const hn::RebindToUnsigned<DF> d32;
  const hn::RebindToSigned<DF> di32;
  const hn::Rebind<std::uint16_t, DF> d16;
  const auto pairs = hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(p)));
  even = hn::ConvertTo(DF(), hn::BitCast(di32, hn::And(pairs, hn::Set(d32, 0xFFu))));
  odd = hn::ConvertTo(DF(), hn::BitCast(di32, hn::ShiftRight<8>(pairs)));
}
HWY_INLINE void store_alternate(VF even, VF odd, bfloat16* p, bool streaming) {
  const hn::ScalableTag<std::uint16_t> d16;
  const auto low = hn::ShiftRight<16>(round_bfloat16(even));
  store_bits(hn::OddEven(hn::BitCast(d16, round_bfloat16(odd)), hn::BitCast(d16, low)), p, streaming);
}

// --- the float64 halves of a step ---

// A step is as many elements as two vectors of doubles hold, whatever the stored type.
HWY_INLINE std::int64_t step() { return static_cast<std::int64_t>(2 * hn::Lanes(DD())); }

template <class X>
HWY_INLINE void load_step(const X* p, VD& a, VD& b) {
  const VF v = load(p);
  a = hn::PromoteTo(DD(), hn::LowerHalf(DFHalf(), v));
  b = hn::PromoteTo(DD(), hn::UpperHalf(DFHalf(), v));
}
// Two half loads convert straight from memory, which saves the shuffle.
HWY_INLINE void load_step(const float* p, VD& a, VD& b) {
  a = hn::PromoteTo(DD(), hn::LoadU(DFHalf(), p));
  b = hn::PromoteTo(DD(), hn::LoadU(DFHalf(), p + hn::Lanes(DD())));
}
HWY_INLINE void load_step(const double* p, VD& a, VD& b) {
  a = hn::LoadU(DD(), p);
  b = hn::LoadU(DD(), p + hn::Lanes(DD()));
}

inline constexpr std::size_t max_step = 2 * HWY_MAX_BYTES / sizeof(double);

// The last few elements, padded with zeros so that nothing past the end is read; p may be null where count is 0.
template <class X>
struct Padded {
  HWY_ALIGN X lanes[max_step] = {};
  HWY_INLINE Padded(const X* p, std::int64_t count) {
    if (count > 0) std::memcpy(static_cast<void*>(lanes), p, static_cast<std::size_t>(count) * sizeof(X));
  }
};

// Elements before p's first 64-byte line, or `length` when no element starts one.
template <class Y>
HWY_INLINE std::int64_t elements_to_line(const Y* p, std::int64_t length) {
  const auto past = reinterpret_cast<std::uintptr_t>(p) % 64;
  if (past % sizeof(Y) != 0) return length;
  const auto head = static_cast<std::int64_t>((64 - past) % 64 / sizeof(Y));
  return head < length ? head : length;
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
