#pragma once

#include <cstdint>

#include <poise/context.h>

#include "core/job.h"

// What is done once a lane or once a cell between measure and map. Of short cells it is as much as the loops over their
// elements.

namespace poise {

// The statistics of `count` cells of `elements` each, from their sums about their pivots.
struct CellMoments {
  const double *pivot = nullptr, *s = nullptr, *q = nullptr;
  std::int64_t elements = 0, count = 0;
  Measured* measured = nullptr;
};

// Cells of one lane each, from their sums about their pivots to what is kept and what the map needs: rstd = 1 /
// sqrt(variance + eps), and the coefficients of (x - hi) * scale + shift. gamma and beta may be null. All are readable
// and writable up to the next multiple of lane_padding.
struct PlainLanes {
  const double *pivot = nullptr, *s = nullptr, *q = nullptr;
  std::int64_t elements = 0, count = 0;
  double eps = 0;
  const double *gamma = nullptr, *beta = nullptr;
  double *mean = nullptr, *m2 = nullptr, *rstd = nullptr;
  float *hi = nullptr, *scale = nullptr, *shift = nullptr;
};

// The gradient of cells of one lane each that were normalized plainly, from their sums about their centers: the
// coefficients of fma(scale, dy, fma(a, x - hi, b)). All are readable and writable up to the next multiple of
// lane_padding.
struct PlainGradients {
  const double *center = nullptr, *rstd = nullptr, *s = nullptr, *q = nullptr;
  std::int64_t elements = 0, count = 0;
  bool centered = true;
  float *hi = nullptr, *scale = nullptr, *a = nullptr, *b = nullptr;
};

struct LaneKernels {
  // to[i * each + j] = values[i], j < each.
  void (*spread_f32)(const float* values, std::int64_t count, std::int64_t each, float* to) = nullptr;
  void (*spread_f64)(const double* values, std::int64_t count, std::int64_t each, double* to) = nullptr;
  // to[i] = the sum of values[i * each + j], j < each: every fourth of them side by side, then the four in pairs.
  void (*sums)(const double* values, std::int64_t count, std::int64_t each, double* to) = nullptr;
  void (*moments)(const CellMoments& cells) = nullptr;
  // What measured_of, a plain merge and coefficients_of give, to the bit; false where some cell has a bad pivot or
  // leaves float32's range. Null where there is no fused multiply-add.
  bool (*normalize)(const PlainLanes& lanes) = nullptr;
  // What a plain derivative and gradient_coefficients give, to the bit; false where some cell leaves float32's range.
  // Null of the scalar loops.
  bool (*derive)(const PlainGradients& lanes) = nullptr;
  // to[i] += from[i].
  void (*accumulate)(const double* from, std::int64_t count, double* to) = nullptr;

  void spread(const float* values, std::int64_t count, std::int64_t each, float* to) const noexcept {
    spread_f32(values, count, each, to);
  }
  void spread(const double* values, std::int64_t count, std::int64_t each, double* to) const noexcept {
    spread_f64(values, count, each, to);
  }
};

const LaneKernels& lane_kernels_for(Target target) noexcept;

void fill_lanes(Target target, LaneKernels& kernels) noexcept;
void fill_lanes_scalar(LaneKernels& kernels) noexcept;

}  // namespace poise
