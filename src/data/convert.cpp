#include "data/convert.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace poise {
namespace {

double to_double(double x) { return x; }
double to_double(float x) { return x; }
double to_double(std::uint8_t x) { return x; }
double to_double(std::uint16_t x) { return x; }
double to_double(float16 x) { return to_float(x); }
double to_double(bfloat16 x) { return to_float(x); }

// Rounds to odd: of the two floats around an inexact x the one whose last bit is set. Rounding that to a type at least
// two bits shorter gives what rounding x itself gives.
float to_odd(double x) {
  const auto nearest = static_cast<float>(x);
  const bool odd = (std::bit_cast<std::uint32_t>(nearest) & 1) != 0;
  if (odd || std::isnan(x) || static_cast<double>(nearest) == x) return nearest;
  const float infinity = std::numeric_limits<float>::infinity();
  return std::nextafter(nearest, static_cast<double>(nearest) < x ? infinity : -infinity);
}

// NaN gives 0, like the conversions of the kernels.
template <class T>
T to_integer(double x) {
  return x > 0 ? static_cast<T>(std::nearbyint(std::min<double>(x, std::numeric_limits<T>::max()))) : T{0};
}

template <class T>
void widen_as(std::span<const std::byte> from, std::span<double> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    T value;
    std::memcpy(&value, from.data() + i * sizeof(T), sizeof(T));
    to[i] = to_double(value);
  }
}

template <class T, class Round>
void narrow_as(std::span<const double> from, std::span<std::byte> to, const Round& round) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const T value = round(from[i]);
    std::memcpy(to.data() + i * sizeof(T), &value, sizeof(T));
  }
}

}  // namespace

void widen(std::span<const std::byte> from, ValueType dtype, std::span<double> to) {
  if (dtype == DType::f32) return widen_as<float>(from, to);
  if (dtype == DType::f64) return widen_as<double>(from, to);
  if (dtype == DType::bf16) return widen_as<bfloat16>(from, to);
  if (dtype == DType::f16) return widen_as<float16>(from, to);
  if (dtype == DType::u8) return widen_as<std::uint8_t>(from, to);
  widen_as<std::uint16_t>(from, to);
}

void narrow(std::span<const double> from, ValueType dtype, std::span<std::byte> to) {
  if (dtype == DType::f32) return narrow_as<float>(from, to, [](double x) { return static_cast<float>(x); });
  if (dtype == DType::f64) return narrow_as<double>(from, to, [](double x) { return x; });
  if (dtype == DType::bf16) return narrow_as<bfloat16>(from, to, [](double x) { return to_bfloat16(to_odd(x)); });
  if (dtype == DType::f16) return narrow_as<float16>(from, to, [](double x) { return to_float16(to_odd(x)); });
  if (dtype == DType::u8) return narrow_as<std::uint8_t>(from, to, to_integer<std::uint8_t>);
  narrow_as<std::uint16_t>(from, to, to_integer<std::uint16_t>);
}

}  // namespace poise
