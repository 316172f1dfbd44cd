#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <poise/dtype.h>

namespace poise {

// What a data set's values are stored as: one of Poise's types, or u16, which data has but no technique computes with.
class ValueType {
 public:
  constexpr ValueType(DType type) noexcept  // NOLINT(google-explicit-constructor): each type is a value type
      : code_(static_cast<std::uint8_t>(type)) {}
  static constexpr ValueType u16() noexcept { return ValueType(std::uint8_t{255}); }

  // Of 8 or 16 bits without sign.
  static constexpr ValueType of_bits(int bits) noexcept { return bits == 8 ? ValueType(DType::u8) : u16(); }

  // Integers have exact statistics and are rescaled to [0, 1].
  constexpr bool is_integer() const noexcept { return *this == DType::u8 || *this == u16(); }
  // The raw value of 1 in [0, 1]: floating data is not rescaled.
  constexpr double full_scale() const noexcept { return *this == DType::u8 ? 255 : *this == u16() ? 65535 : 1; }
  // Only where it is one of Poise's types.
  constexpr DType dtype() const noexcept { return static_cast<DType>(code_); }
  friend constexpr bool operator==(ValueType, ValueType) = default;

 private:
  explicit constexpr ValueType(std::uint8_t code) noexcept : code_(code) {}
  std::uint8_t code_;
};

constexpr std::size_t size_of(ValueType type) noexcept {
  return type == ValueType::u16() ? 2 : poise::size_of(type.dtype());
}
inline const char* name_of(ValueType type) noexcept {
  return type == ValueType::u16() ? "u16" : poise::name_of(type.dtype());
}
inline ValueType value_type_named(std::string_view name) {
  return name == "u16" ? ValueType::u16() : ValueType(dtype_named(name));
}

}  // namespace poise
