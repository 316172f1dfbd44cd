#pragma once

#include <poise/options.h>

namespace poise {

struct LpNormOptions {
  Dims axes = {-1};  // the reduced axes: what shares one norm
  double p = 2;      // at least 1; infinity is the largest absolute value
  double eps = 0;    // the norm is at least this
};

// May be absent. float64, the sizes of the kept axes, in order: the norm.
struct LpNormResults {
  TensorView norm = {};
};

// Lp normalization, as ONNX and the vector normalization of embeddings have it.
//     y = x / max(||x||_p, eps)      ||x||_p = (sum |x|^p)^(1/p); where both are 0, y is 0
// Errors: axes, shapes, p < 1, eps < 0.
POISE_API void lp_norm(TensorView y, ConstTensorView x, const LpNormOptions& options = {},
                       const LpNormResults& results = {}, Context& context = default_context());

// With n the norm and S = sum dy*x: dx = dy/n - S/n^2 * dn/dx, dn/dx = sign(x) * (|x|/n)^(p-1), for p infinite 1/k at
// the k largest; below eps dx = dy/eps. Gradients: dx.
POISE_API void lp_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                const LpNormOptions& options = {}, Context& context = default_context());

struct ClipOptions {
  double low = -1, high = 1;  // low <= high
};

// Clipping of weights. Arjovsky, Chintala, Bottou 2017 (Wasserstein GAN), arXiv:1701.07875.
//     y = min(max(w, low), high)      NaN stays NaN
POISE_API void clip(TensorView y, ConstTensorView w, const ClipOptions& options = {},
                    Context& context = default_context());

// dx = dy where low <= w <= high, else 0; NaN where w is. Gradients: dx.
POISE_API void clip_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w,
                             const ClipOptions& options = {}, Context& context = default_context());

}  // namespace poise
