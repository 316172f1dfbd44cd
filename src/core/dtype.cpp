#include <fmt/format.h>
#include <poise/dtype.h>
#include <poise/error.h>

#include <array>
#include <bit>
#include <utility>

namespace poise {

namespace {

constexpr std::array<std::pair<DType, const char*>, 5> dtypes = {{
    {DType::f32, "f32"},
    {DType::f64, "f64"},
    {DType::bf16, "bf16"},
    {DType::f16, "f16"},
    {DType::u8, "u8"},
}};

constexpr std::uint32_t sign_bit = 0x8000'0000;
constexpr std::uint32_t infinity_bits = 0x7F80'0000;

// bits >> shift (1 to 31), to the nearest, ties to even: half of what goes, less one, plus the last bit that stays.
constexpr std::uint32_t shift_to_even(std::uint32_t bits, int shift) {
  return (bits + (std::uint32_t{1} << (shift - 1)) - 1 + (bits >> shift & 1)) >> shift;
}

}  // namespace

const char* name_of(DType type) noexcept {
  for (const auto& [value, name] : dtypes) {
    if (value == type) return name;
  }
  return "unknown";
}

DType dtype_named(std::string_view name) {
  for (const auto& [value, known] : dtypes) {
    if (name == known) return value;
  }
  throw Error(Code::usage, fmt::format("[dtype] name: expected f32, f64, bf16, f16 or u8, got {}", name));
}

float to_float(bfloat16 x) noexcept { return std::bit_cast<float>(std::uint32_t{x.bits} << 16); }

bfloat16 to_bfloat16(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  // Rounding could carry a NaN's payload into infinity: keep its upper bits and make it quiet.
  if ((bits & ~sign_bit) > infinity_bits) return {static_cast<std::uint16_t>(bits >> 16 | 0x0040)};
  return {static_cast<std::uint16_t>(shift_to_even(bits, 16))};
}

float to_float(float16 x) noexcept {
  const std::uint32_t sign = (std::uint32_t{x.bits} & 0x8000) << 16;
  const std::uint32_t exponent = x.bits >> 10 & 0x1F;
  const std::uint32_t fraction = x.bits & 0x3FF;
  if (exponent == 31) return std::bit_cast<float>(sign | infinity_bits | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  // Subnormal: fraction units of 2^-24, exact in float32.
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

float16 to_float16(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits >> 16 & 0x8000;
  const std::uint32_t magnitude = bits & ~sign_bit;
  const auto signed_half = [sign](std::uint32_t half) { return float16{static_cast<std::uint16_t>(sign | half)}; };
  if (magnitude > infinity_bits) return signed_half(0x7E00 | (magnitude >> 13 & 0x3FF));
  if (magnitude >= 0x4780'0000) return signed_half(0x7C00);  // 2^16 and above; 65520 up to it round there by carry
  if (magnitude >= 0x3880'0000) return signed_half(shift_to_even(magnitude - (std::uint32_t{112} << 23), 13));
  // Below 2^-14: the significand in units of 2^-24. Below 2^-25, half a unit, nothing is left.
  if (magnitude < 0x3300'0000) return signed_half(0);
  const int exponent = static_cast<int>(magnitude >> 23);
  const std::uint32_t significand = (magnitude & 0x7F'FFFF) | 0x80'0000;
  return signed_half(shift_to_even(significand, 126 - exponent));
}

}  // namespace poise
