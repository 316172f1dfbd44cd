#pragma once

#include <poise/options.h>

namespace poise {

struct RmsNormOptions {
  Dims axes = {-1};                       // the reduced axes
  Dims gamma_axes = {};                   // the axes gamma and beta run along; empty: the reduced axes
  ConstTensorView gamma = {}, beta = {};  // the sizes of gamma_axes, in order; absent is 1 and 0
  double gamma_offset = 0;                // gamma is read as this plus g: 1 for the form 1 + g
  Mask mask = {};
  NonFinite non_finite = NonFinite::propagate;
  Epilogue epilogue = {};
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
};

// May be absent. float64, the sizes of the kept axes, in order.
struct RmsNormResults {
  TensorView rstd = {};
  std::int64_t* non_finite = nullptr;  // how many elements NonFinite::skip left out
};

// Root mean square layer normalization. Zhang, Sennrich 2019, arXiv:1910.07467.
//     y = gamma * x * r(q) + beta      q = mean of x^2 over the reduced axes of each row
// Errors: as layer_norm.
POISE_API void rms_norm(TensorView y, ConstTensorView x, const RmsNormOptions& options = {},
                        const RmsNormResults& results = {}, Context& context = default_context());

//     dx = scale*dy + (2r'/r / m) * x * sum(scale*dy*x)      dgamma = sum dy*x*rstd      dbeta = sum dy
POISE_API void rms_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                 const RmsNormResults& saved = {}, const RmsNormOptions& options = {},
                                 Context& context = default_context());

}  // namespace poise
