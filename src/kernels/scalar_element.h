#pragma once

#include <poise/dtype.h>

#include <cmath>
#include <cstdint>
#include <type_traits>

// Loads and stores of every stored type for the loops in plain C++.

namespace poise::scalar {

template <class X>
using Compute = std::conditional_t<std::is_same_v<X, double>, double, float>;

inline float load(float x) noexcept { return x; }
inline double load(double x) noexcept { return x; }
inline float load(bfloat16 x) noexcept { return to_float(x); }
inline float load(float16 x) noexcept { return to_float(x); }
inline float load(std::uint8_t x) noexcept { return static_cast<float>(x); }

inline void store(float v, float& y) noexcept { y = v; }
inline void store(double v, double& y) noexcept { y = v; }
inline void store(float v, bfloat16& y) noexcept { y = to_bfloat16(v); }
inline void store(float v, float16& y) noexcept { y = to_float16(v); }
inline void store(float v, std::uint8_t& y) noexcept {
  y = static_cast<std::uint8_t>(v > 0 ? std::nearbyint(std::fmin(v, 255.0F)) : 0);
}

}  // namespace poise::scalar
