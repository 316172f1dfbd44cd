#pragma once

#include <cstdint>

#include <poise/context.h>
#include <poise/dtype.h>
#include <poise/options.h>

namespace poise {

// What is fused to a normalization, over one run. All tensors are of one type but `wide`, which is the compute type's.
struct PointwiseRun {
  const void *a = nullptr, *b = nullptr;  // b may be null
  const void* dy = nullptr;               // of finish_back alone
  void* out = nullptr;
  std::int64_t length = 0;
  double slope = 0;
  Activation activation = Activation::none;
};

using PointwiseFn = void (*)(const PointwiseRun&);

// By type; null for u8. add: out = a + b. gate: out = a where b > 0 or there is no b, else slope*a. finish: out =
// activation(a + b), where a is in the compute type; finish_back: out = dy * activation'(a + b), of a smooth one.
struct PointwiseKernels {
  PointwiseFn add[5] = {}, gate[5] = {}, finish[5] = {}, finish_back[5] = {};
};

const PointwiseKernels& pointwise_kernels_for(Target target) noexcept;

void fill_pointwise(Target target, PointwiseKernels& kernels) noexcept;
void fill_pointwise_scalar(PointwiseKernels& kernels) noexcept;

}  // namespace poise
