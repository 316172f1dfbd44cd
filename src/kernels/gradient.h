#pragma once

#include <cstdint>

#include <poise/context.h>
#include <poise/dtype.h>

#include "kernels/kernels.h"

// The loops of a backward pass. x, dy and dx are of one type. Sums are float64, whatever the type; dx is computed in
// float (double for f64) and rounded once:
//     dx = fma(gamma*scale, dy, fma(a, x - hi, b))
// As forward, every loop's order depends on the index alone.

namespace poise {

// Up to four runs. measure: s = sum gamma*dy, q = sum gamma*dy*(x - center); with `powers`, which gamma along the run
// excludes, p = sum (x - center)^2. gamma is in the compute type, per element
// when per_element (gamma_step 0: constant), else it is the schedule's. With per_element and dgamma, measure also adds
// dy*(x - center)*rstd of each element to dgamma and dy to dbeta, run by run. As in MapStreams only the first `count`
// are set.
struct GradientStreams {
  int count = 0;
  const void *x[max_streams], *dy[max_streams];
  void* dx[max_streams];
  const void* gamma[max_streams];
  double center[max_streams], s[max_streams], q[max_streams], p[max_streams];
  double hi[max_streams], scale[max_streams], a[max_streams], b[max_streams];
  double rstd[max_streams];
  double *dgamma[max_streams], *dbeta[max_streams];
  int gamma_step = 0;
  bool per_element = false, powers = false, streaming = false;
};

// Rows of lanes: row r, lane j at x[r * x_stride + j]. center, s, q and p: one a lane in float64; hi, scale, a, b: one
// a lane in the compute type; all readable (sums writable) for lane_padding behind the last. measure adds to what is in
// s and q, and where present, which gamma in the loop excludes, p. Gamma as in MapColumns. Where gamma changes from row
// to row, measure may also say what each row adds to its gradient, and to beta's: sum dy*(x - center)*rstd and sum dy,
// rstd being one a lane as center is.
struct GradientColumns {
  const void *x = nullptr, *dy = nullptr;
  void* dx = nullptr;
  std::int64_t x_stride = 0, dy_stride = 0, dx_stride = 0, rows = 0, lanes = 0;
  const double* center = nullptr;
  double *s = nullptr, *q = nullptr, *p = nullptr;
  const void *hi = nullptr, *scale = nullptr, *a = nullptr, *b = nullptr;
  const void* gamma = nullptr;
  std::int64_t gamma_stride = 0;
  int gamma_step = 0;
  ColumnGamma mode = ColumnGamma::none;
  const double* rstd = nullptr;
  double *row_dgamma = nullptr, *row_dbeta = nullptr;  // one a row; null: not wanted
  bool streaming = false;
};

// The gradients of gamma and beta where gamma runs along the loop: of each element dy*(x - center)*scale and dy.
// center and scale: float64, one an element.
struct ParameterRun {
  const void *x = nullptr, *dy = nullptr;
  std::int64_t length = 0;
  const double *center = nullptr, *scale = nullptr;
  double *dgamma = nullptr, *dbeta = nullptr;  // along: one an element, added to; across: one for the run, added to
};

using GradientRowsFn = void (*)(GradientStreams&, std::int64_t length);
using GradientColumnsFn = void (*)(const GradientColumns&);
using ParameterFn = void (*)(const ParameterRun&);

// By type; null for u8.
struct GradientKernels {
  GradientRowsFn measure_rows[dtype_count] = {};
  GradientRowsFn map_rows[dtype_count] = {};
  GradientColumnsFn measure_columns[dtype_count] = {};
  GradientColumnsFn map_columns[dtype_count] = {};
  ParameterFn along[dtype_count] = {};
  ParameterFn across[dtype_count] = {};
};

const GradientKernels& gradient_kernels_for(Target target) noexcept;

void fill_gradient(Target target, GradientKernels& kernels) noexcept;
void fill_gradient_scalar(GradientKernels& kernels) noexcept;

// The floating types, each with its loop.
template <template <class> class Loop, class Table>
void fill_floating(Table& table) {
  table[static_cast<int>(DType::f32)] = &Loop<float>::run;
  table[static_cast<int>(DType::f64)] = &Loop<double>::run;
  table[static_cast<int>(DType::bf16)] = &Loop<bfloat16>::run;
  table[static_cast<int>(DType::f16)] = &Loop<float16>::run;
}

}  // namespace poise
