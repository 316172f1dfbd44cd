#pragma once

#include <cstdint>

#include <poise/context.h>
#include <poise/dtype.h>

#include "kernels/gradient.h"

// The loops of products with a matrix, over one contiguous line of it at a time. Everything but the matrix is float64,
// and so are all sums.

namespace poise {

// sum x*p
using DotFn = double (*)(const void* x, const double* p, std::int64_t length);
// acc += c * x
using AddFn = void (*)(const void* x, double c, double* acc, std::int64_t length);
// Lines read together: what runs along them, in `p` or `acc`, is loaded once for all.
inline constexpr int lines_together = 4;
struct Lines {
  const void* x[lines_together] = {};
  std::int64_t ahead = 0;  // bytes from a line to one that is read soon
};
// sums[k] += sum x_k*p
using DotsFn = void (*)(const Lines&, const double* p, double* sums, std::int64_t length);
// acc += sum over k of c[k] * x_k, the first line first
using AddsFn = void (*)(const Lines&, const double* c, double* acc, std::int64_t length);
// sum x*y, both of one type
using ProductFn = double (*)(const void* x, const void* y, std::int64_t length);
// dx = a*dy + c*p; dx may be dy
struct RankOne {
  const void* dy = nullptr;
  void* dx = nullptr;
  const double* p = nullptr;
  double a = 0, c = 0;
};
using RankOneFn = void (*)(const RankOne&, std::int64_t length);

// By type; null for u8.
struct MatrixKernels {
  DotFn dot[dtype_count] = {};
  AddFn add[dtype_count] = {};
  DotsFn dots[dtype_count] = {};
  AddsFn adds[dtype_count] = {};
  ProductFn product[dtype_count] = {};
  RankOneFn rank_one[dtype_count] = {};
};

const MatrixKernels& matrix_kernels_for(Target target) noexcept;

void fill_matrix(Target target, MatrixKernels& kernels) noexcept;
void fill_matrix_scalar(MatrixKernels& kernels) noexcept;

}  // namespace poise
