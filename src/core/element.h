#pragma once

#include <poise/dtype.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace poise {

// One stored element as a double, and a double as one stored element: rounded once to nearest even (16-bit types by way
// of float32); u8 clamped to 0..255, NaN to 0.

inline double element_at(const void* data, DType type, std::int64_t i) noexcept {
  switch (type) {
    case DType::f32:
      return static_cast<double>(static_cast<const float*>(data)[i]);
    case DType::f64:
      return static_cast<const double*>(data)[i];
    case DType::bf16:
      return static_cast<double>(to_float(static_cast<const bfloat16*>(data)[i]));
    case DType::f16:
      return static_cast<double>(to_float(static_cast<const float16*>(data)[i]));
    case DType::u8:
      return static_cast<double>(static_cast<const std::uint8_t*>(data)[i]);
  }
  return 0;
}

inline void set_element(void* data, DType type, std::int64_t i, double v) noexcept {
  switch (type) {
    case DType::f32:
      static_cast<float*>(data)[i] = static_cast<float>(v);
      break;
    case DType::f64:
      static_cast<double*>(data)[i] = v;
      break;
    case DType::bf16:
      static_cast<bfloat16*>(data)[i] = to_bfloat16(static_cast<float>(v));
      break;
    case DType::f16:
      static_cast<float16*>(data)[i] = to_float16(static_cast<float>(v));
      break;
    case DType::u8:
      static_cast<std::uint8_t*>(data)[i] = static_cast<std::uint8_t>(v > 0 ? std::nearbyint(std::fmin(v, 255.0)) : 0);
      break;
  }
}

}  // namespace poise
