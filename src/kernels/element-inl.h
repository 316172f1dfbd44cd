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

#if HWY_ARCH_X86 && !defined(POISE_KERNELS_ELEMENT_ONCE)
#define POISE_KERNELS_ELEMENT_ONCE
namespace poise {
inline const bool has_bfloat16_conversion = __builtin_cpu_supports("avx512bf16") != 0;
}  // namespace poise
#endif

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

// As many floats as D, which is DF or DFHalf, has lanes.
template <class D>
HWY_INLINE hn::Vec<D> widen_bfloat16(D d, const bfloat16* p) {
  const hn::Rebind<std::uint16_t, D> d16;
  const hn::RebindToUnsigned<D> d32;
  const auto bits = hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(p)));
  return hn::BitCast(d, hn::ShiftLeft<16>(bits));
}

using U32 = hn::RebindToUnsigned<DF>;
using U16 = hn::ScalableTag<std::uint16_t>;
using U16Half = hn::Rebind<std::uint16_t, DF>;

// bfloat16 in the upper halves: to nearest even by adding half an ulp, less one when the kept bit is even.
// Highway 1.0.3 truncates instead. A NaN becomes anything: keep_nan mends it.
HWY_INLINE hn::Vec<U32> round_bfloat16(VF v) {
  const auto bits = hn::BitCast(U32(), v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(U32(), 1u));
  return hn::Add(hn::Add(bits, hn::Set(U32(), 0x7FFFu)), odd);
}
// A NaN keeps its upper bits and turns quiet.
HWY_INLINE hn::Vec<U32> keep_nan(VF v, hn::Vec<U32> rounded) {
  const auto nan = hn::Or(hn::BitCast(U32(), v), hn::Set(U32(), 0x00400000u));
  return hn::IfThenElse(hn::RebindMask(U32(), hn::IsNaN(v)), nan, rounded);
}
#if HWY_TARGET <= HWY_AVX3
// Where the processor has it, one instruction rounds one or two vectors as said above, but for subnormals, which become
// 0: it is right where no result is 0. Highway 1.0.3 does not know it; an intrinsic would want loops of a target of its
// own.
template <class D16>
HWY_INLINE bool none_is_zero(D16 d, hn::Vec<D16> bits) {
  return hn::AllTrue(d, hn::TestBit(bits, hn::Set(d, 0x7FFF)));
}
HWY_INLINE bool convert_one(VF v, hn::Vec<U16Half>& bits) {
  if (!has_bfloat16_conversion) return false;
  asm("vcvtneps2bf16 %1, %0" : "=v"(bits.raw) : "v"(v.raw));
  return none_is_zero(U16Half(), bits);
}
HWY_INLINE bool convert_pair(VF low, VF high, hn::Vec<U16>& bits) {
  if (!has_bfloat16_conversion) return false;
  asm("vcvtne2ps2bf16 %2, %1, %0" : "=v"(bits.raw) : "v"(high.raw), "v"(low.raw));
  return none_is_zero(U16(), bits);
}
// Elements of the first and of the second in turn.
HWY_INLINE bool convert_alternate(VF even, VF odd, hn::Vec<U16>& bits) {
  HWY_ALIGN static constexpr std::uint16_t order[] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  if (!convert_pair(even, odd, bits)) return false;
  bits = hn::Vec<U16>{_mm512_permutexvar_epi16(hn::Load(U16(), order).raw, bits.raw)};
  return true;
}
#else
HWY_INLINE bool convert_one(VF, hn::Vec<U16Half>&) { return false; }
HWY_INLINE bool convert_pair(VF, VF, hn::Vec<U16>&) { return false; }
HWY_INLINE bool convert_alternate(VF, VF, hn::Vec<U16>&) { return false; }
#endif

HWY_INLINE hn::Vec<U16Half> narrow_bfloat16(VF v) {
  hn::Vec<U16Half> bits;
  if (HWY_LIKELY(convert_one(v, bits))) return bits;
  const auto upper = hn::ShiftRight<16>(keep_nan(v, round_bfloat16(v)));
  return hn::DemoteTo(U16Half(), hn::BitCast(hn::RebindToSigned<DF>(), upper));
}
HWY_INLINE void round_two(VF v, VF w, hn::Vec<U32>& a, hn::Vec<U32>& b) {
  a = round_bfloat16(v);
  b = round_bfloat16(w);
  if (HWY_LIKELY(hn::AllFalse(DF(), hn::Or(hn::IsNaN(v), hn::IsNaN(w))))) return;
  a = keep_nan(v, a);
  b = keep_nan(w, b);
}
HWY_INLINE hn::Vec<U16> narrow_pair(VF low, VF high, const bfloat16*) {
  hn::Vec<U16> bits;
  if (HWY_LIKELY(convert_pair(low, high, bits))) return bits;
  hn::Vec<U32> a, b;
  round_two(low, high, a, b);
  return hn::ConcatOdd(U16(), hn::BitCast(U16(), b), hn::BitCast(U16(), a));
}

#if HWY_TARGET <= HWY_AVX2
// F16C: exact widening, and narrowing to nearest even with subnormals, overflow and NaN as IEEE 754 says.
template <class D>
HWY_INLINE hn::Vec<D> widen_float16(D d, const float16* p) {
  const hn::Rebind<hwy::float16_t, D> d16;
  const hn::Rebind<std::uint16_t, D> du16;
  return hn::PromoteTo(d, hn::BitCast(d16, hn::LoadU(du16, reinterpret_cast<const std::uint16_t*>(p))));
}
HWY_INLINE hn::Vec<hn::Rebind<std::uint16_t, DF>> narrow_float16(VF v) {
  const hn::Rebind<hwy::float16_t, DF> d16;
  return hn::BitCast(hn::Rebind<std::uint16_t, DF>(), hn::DemoteTo(d16, v));
}
#else
// Without F16C Highway's emulation is wrong at the edges: lane by lane through the scalar conversions.
template <class D>
HWY_INLINE hn::Vec<D> widen_float16(D d, const float16* p) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) lanes[i] = to_float(p[i]);
  return hn::Load(d, lanes);
}
HWY_INLINE hn::Vec<hn::Rebind<std::uint16_t, DF>> narrow_float16(VF v) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  HWY_ALIGN std::uint16_t bits[HWY_MAX_BYTES / sizeof(std::uint16_t)] = {};
  hn::Store(v, DF(), lanes);
  for (std::size_t i = 0; i < hn::Lanes(DF()); ++i) bits[i] = to_float16(lanes[i]).bits;
  return hn::Load(hn::Rebind<std::uint16_t, DF>(), bits);
}
#endif

HWY_INLINE hn::Vec<U16> narrow_pair(VF low, VF high, const float16*) {
  return hn::Combine(U16(), narrow_float16(high), narrow_float16(low));
}

// --- one vector of the compute type ---

HWY_INLINE VF load(const float* p) { return hn::LoadU(DF(), p); }
HWY_INLINE VD load(const double* p) { return hn::LoadU(DD(), p); }
HWY_INLINE VF load(const bfloat16* p) { return widen_bfloat16(DF(), p); }
HWY_INLINE VF load(const float16* p) { return widen_float16(DF(), p); }
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

HWY_INLINE void store_whole(hn::Vec<U16> bits, void* p, bool streaming) {
  if (streaming) {
    hn::Stream(bits, U16(), static_cast<std::uint16_t*>(p));
  } else {
    hn::StoreU(bits, U16(), static_cast<std::uint16_t*>(p));
  }
}
// Two vectors side by side: of 16-bit types one whole vector, which costs less than two halves.
template <class Y>
HWY_INLINE void store_pair(Vector<Compute<Y>> low, Vector<Compute<Y>> high, Y* p, bool streaming) {
  if constexpr (sizeof(Y) == 2) {
    store_whole(narrow_pair(low, high, p), p, streaming);
  } else {
    store(low, p, streaming);
    store(high, p + hn::Lanes(Tag<Compute<Y>>()), streaming);
  }
}

// Elements at even and at odd places, and bfloat16 from there: nothing has to change its lane on the way.
HWY_INLINE void load_alternate(const std::uint8_t* p, VF& even, VF& odd) {
  const hn::RebindToSigned<DF> di32;
  const hn::Rebind<std::uint16_t, DF> d16;
  const auto pairs = hn::PromoteTo(U32(), hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(p)));
  even = hn::ConvertTo(DF(), hn::BitCast(di32, hn::And(pairs, hn::Set(U32(), 0xFFu))));
  odd = hn::ConvertTo(DF(), hn::BitCast(di32, hn::ShiftRight<8>(pairs)));
}
HWY_INLINE void load_alternate(const bfloat16* p, VF& even, VF& odd) {
  const auto pairs = hn::BitCast(U32(), hn::LoadU(U16(), &p->bits));
  even = hn::BitCast(DF(), hn::ShiftLeft<16>(pairs));
  odd = hn::BitCast(DF(), hn::And(pairs, hn::Set(U32(), 0xFFFF0000u)));
}
// Two vectors in an order of the type's own.
template <class X>
HWY_INLINE void load_two(const X* p, VF& a, VF& b) {
  if constexpr (std::is_same_v<X, float16>) {
    a = load(p);
    b = load(p + hn::Lanes(DF()));
  } else {
    load_alternate(p, a, b);
  }
}
HWY_INLINE void store_alternate(VF even, VF odd, bfloat16* p, bool streaming) {
  hn::Vec<U16> bits;
  if (HWY_LIKELY(convert_alternate(even, odd, bits))) return store_whole(bits, p, streaming);
  hn::Vec<U32> a, b;
  round_two(even, odd, a, b);
  store_whole(hn::OddEven(hn::BitCast(U16(), b), hn::BitCast(U16(), hn::ShiftRight<16>(a))), p, streaming);
}

// --- the float64 halves of a step ---

// A step is as many elements as two vectors of doubles hold, whatever the stored type.
HWY_INLINE std::int64_t half_step() { return static_cast<std::int64_t>(hn::Lanes(DD())); }
HWY_INLINE std::int64_t step() { return static_cast<std::int64_t>(2 * hn::Lanes(DD())); }
// Pairs of steps that fill whole lines of y.
template <class Y>
HWY_INLINE std::int64_t line_step() {
  constexpr auto line = static_cast<std::int64_t>(64 / sizeof(Y));
  return 2 * step() < line ? line : 2 * step();
}

HWY_INLINE VD load_half(const float* p) { return hn::PromoteTo(DD(), hn::LoadU(DFHalf(), p)); }
HWY_INLINE VD load_half(const double* p) { return hn::LoadU(DD(), p); }
HWY_INLINE VD load_half(const bfloat16* p) { return hn::PromoteTo(DD(), widen_bfloat16(DFHalf(), p)); }
HWY_INLINE VD load_half(const float16* p) { return hn::PromoteTo(DD(), widen_float16(DFHalf(), p)); }

template <class X>
HWY_INLINE void load_step(const X* p, VD& a, VD& b) {
  const VF v = load(p);
  a = hn::PromoteTo(DD(), hn::LowerHalf(DFHalf(), v));
  b = hn::PromoteTo(DD(), hn::UpperHalf(DFHalf(), v));
}
// Two half loads convert straight from memory, which saves the shuffle.
HWY_INLINE void load_step(const float* p, VD& a, VD& b) {
  a = load_half(p);
  b = load_half(p + half_step());
}
HWY_INLINE void load_step(const double* p, VD& a, VD& b) {
  a = load_half(p);
  b = load_half(p + half_step());
}

// Asks for these elements, which are read soon or never, into the second cache: the first is full of what is here.
template <class X>
HWY_INLINE void prefetch(const X* p, std::int64_t count) {
  constexpr auto line = static_cast<std::int64_t>(64 / sizeof(X));
  for (std::int64_t i = 0; i < count; i += line) __builtin_prefetch(p + i, 0, 2);
}
// Hardware prefetchers start anew with each page: what a stream reads a page later. It may lie past the run: then it is
// the next one, or nothing.
template <class X>
HWY_INLINE void prefetch_page(const X* p, std::int64_t count) {
  prefetch(p + 4096 / sizeof(X), count);
}

// Where a run is written past the cache but for its ends, as they are no whole lines: asked for before the run is
// mapped, its last lines and those of the next run, which often lies behind it, are there when it ends.
template <class Y>
HWY_INLINE void prefetch_ends(const Y* y, std::int64_t first, std::int64_t last, std::int64_t length) {
  if (first > 0 || last < length) prefetch(y + last, length - last + line_step<Y>());
}

// v - pivot, where multipliers have nothing else to do and adders convert.
HWY_INLINE VD about(VD v, VD pivot) { return hn::MulSub(v, hn::Set(DD(), 1), pivot); }

inline constexpr std::size_t max_step = 2 * HWY_MAX_BYTES / sizeof(double);

// The last few elements, padded with zeros so that nothing past the end is read; p may be null where count is 0. Of
// AVX-512 by masks: a vector read from what smaller moves have just written waits until they are in the cache.
template <class X>
struct Padded {
  HWY_ALIGN X lanes[max_step];
  HWY_INLINE Padded(const X* p, std::int64_t count) {
#if HWY_TARGET <= HWY_AVX3
    const hn::CappedTag<std::uint8_t, sizeof(lanes)> d;
    const auto bytes = static_cast<std::size_t>(count) * sizeof(X);
    auto* to = reinterpret_cast<std::uint8_t*>(lanes);
    for (std::size_t i = 0; i < sizeof(lanes); i += hn::Lanes(d)) {
      const bool some = i < bytes;
      const auto* from = reinterpret_cast<const std::uint8_t*>(p) + (some ? i : 0);
      hn::Store(hn::MaskedLoad(hn::FirstN(d, some ? bytes - i : 0), d, from), d, to + i);
    }
#else
    std::memset(static_cast<void*>(lanes), 0, sizeof(lanes));
    if (count > 0) std::memcpy(static_cast<void*>(lanes), p, static_cast<std::size_t>(count) * sizeof(X));
#endif
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
