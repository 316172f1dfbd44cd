#pragma once

#include <poise/options.h>

namespace poise {

struct WeightNormOptions {
  Dims kept_axes = {0};        // each index of these axes has its own norm; empty: one norm for all of v
  ConstTensorView gamma = {};  // g, of the kept axes' sizes; absent is 1
};

// May be absent. float64, of the kept axes' sizes: ||v||.
struct WeightNormResults {
  TensorView norm = {};
};

// Weight normalization. Salimans, Kingma 2016, arXiv:1602.07868.
//     y = g * v / ||v||      a v of zeros gives zeros
// v, y: any shape. Errors: axes, shapes.
POISE_API void weight_norm(TensorView y, ConstTensorView v, const WeightNormOptions& options = {},
                           const WeightNormResults& results = {}, Context& context = default_context());

//     dv = g/||v|| * dy - g * (sum dy*v) / ||v||^3 * v      dgamma = (sum dy*v) / ||v||
// Gradients: dx (of v), dgamma.
POISE_API void weight_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView v,
                                    const WeightNormResults& saved = {}, const WeightNormOptions& options = {},
                                    Context& context = default_context());

struct MaxNormOptions {
  Dims kept_axes = {0};  // each index of these axes has its own norm; empty: one norm for all of w
  double limit = 1;      // above 0
};

// Max-norm constraint. Srebro, Shraibman 2005; Srivastava et al. 2014 (dropout).
//     y = w * min(1, limit / ||w||)
// results, errors: as weight_norm.
POISE_API void max_norm(TensorView y, ConstTensorView w, const MaxNormOptions& options = {},
                        const WeightNormResults& results = {}, Context& context = default_context());

// Within the limit dx = dy; beyond it that of limit * w / ||w||. Gradients: dx.
POISE_API void max_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w,
                                 const WeightNormResults& saved = {}, const MaxNormOptions& options = {},
                                 Context& context = default_context());

}  // namespace poise
