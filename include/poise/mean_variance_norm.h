#pragma once

#include <poise/options.h>

namespace poise {

struct MeanVarianceNormOptions {
  Dims axes = {0, 2, 3};           // the reduced axes: ONNX's default, statistics of a channel over the batch
  bool normalize_variance = true;  // false: only the mean is taken away
  double eps = 1e-9;
  EpsPlace eps_place = EpsPlace::outside;
  Divisor divisor = Divisor::population;
};

// Each may be absent. float64, the sizes of the kept axes, in order. rstd is 1 without normalize_variance.
struct MeanVarianceNormResults {
  TensorView mean = {}, rstd = {};
};

// Mean-variance normalization, as ONNX and Caffe have it: no learned parameters.
//     y = (x - mean) * r(var)
// Errors: axes out of range or repeated, shapes of results, eps < 0; divisor sample with one value a cell.
POISE_API void mean_variance_norm(TensorView y, ConstTensorView x, const MeanVarianceNormOptions& options = {},
                                  const MeanVarianceNormResults& results = {}, Context& context = default_context());

// As batch_norm_backward with gamma 1. Gradients: dx.
POISE_API void mean_variance_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                           const MeanVarianceNormResults& saved = {},
                                           const MeanVarianceNormOptions& options = {},
                                           Context& context = default_context());

}  // namespace poise
