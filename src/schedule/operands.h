#pragma once

#include <cstdint>

#include "core/element.h"
#include "core/job.h"
#include "core/plan.h"
#include "core/workspace.h"

namespace poise {

inline const void* address(const void* data, DType type, std::int64_t index) noexcept {
  return static_cast<const std::byte*>(data) + index * static_cast<std::int64_t>(size_of(type));
}
inline void* address(void* data, DType type, std::int64_t index) noexcept {
  return static_cast<std::byte*>(data) + index * static_cast<std::int64_t>(size_of(type));
}

// gamma and beta as the loops read them: the caller's memory, a copy in the compute type, or, when absent, a constant
// with step 0.
struct Readable {
  const void* data = nullptr;
  DType type = DType::f32;
  int step = 1;
  double offset = 0;  // of values that are not copied

  const void* at(std::int64_t index) const noexcept { return address(data, type, step == 0 ? 0 : index); }
  double value(std::int64_t index) const noexcept { return offset + element_at(data, type, step == 0 ? 0 : index); }
  // Those at first, first + stride, ...
  void values(std::int64_t first, std::int64_t stride, std::int64_t count, double* to) const noexcept {
    const std::int64_t apart = step == 0 ? 0 : stride;
    if (type != DType::f32) {
      for (std::int64_t i = 0; i < count; ++i) to[i] = value(first + i * stride);
      return;
    }
    const float* from = static_cast<const float*>(at(first));
    for (std::int64_t i = 0; i < count; ++i) to[i] = offset + static_cast<double>(from[i * apart]);
  }
};

struct Operands {
  Readable gamma, beta;
};
Operands readable_operands(const Job& job, const Plan& plan, Workspace& workspace);

// y = fma(x - hi, scale, shift): a cell's affine with gamma and beta, rounded to what the loops compute in. The part of
// the center below hi goes into the shift in float64, which costs nothing.
struct Coefficients {
  double hi = 0, scale = 1, shift = 0;
};
inline Coefficients coefficients_of(const CellAffine& cell, double gamma, double beta, DType x) noexcept {
  Coefficients c;
  c.hi = x == DType::f64 ? cell.center : static_cast<double>(static_cast<float>(cell.center));
  const double lo = (cell.center - c.hi) + cell.center_lo;
  c.scale = gamma * cell.scale + cell.identity;
  c.shift = (gamma * cell.shift + beta) - lo * c.scale;
  return c;
}

}  // namespace poise
