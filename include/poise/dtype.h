#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <poise/export.h>

namespace poise {

enum class DType : std::uint8_t { f32, f64, bf16, f16, u8 };

// Storage only: Poise computes in float32 or float64 and rounds once, to nearest even, when it stores.
struct bfloat16 {
  std::uint16_t bits;
};
struct float16 {
  std::uint16_t bits;
};

constexpr std::size_t size_of(DType type) noexcept {
  return type == DType::f64 ? 8 : type == DType::f32 ? 4 : type == DType::u8 ? 1 : 2;
}

// "f32", "f64", "bf16", "f16", "u8".
POISE_API const char* name_of(DType type) noexcept;
// Throws Error{usage} for any other name.
POISE_API DType dtype_named(std::string_view name);

// Exact widening; rounding to nearest even, NaN stays NaN, overflow becomes infinity.
POISE_API float to_float(bfloat16 x) noexcept;
POISE_API float to_float(float16 x) noexcept;
POISE_API bfloat16 to_bfloat16(float x) noexcept;
POISE_API float16 to_float16(float x) noexcept;

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<bfloat16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct DTypeOf<float16> {
  static constexpr DType value = DType::f16;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::u8;
};

}  // namespace poise
