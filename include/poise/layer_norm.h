#pragma once

#include <poise/options.h>

namespace poise {

struct LayerNormOptions {
  Dims axes = {-1};                       // the reduced axes
  Dims gamma_axes = {};                   // the axes gamma and beta run along; empty: the reduced axes
  ConstTensorView gamma = {}, beta = {};  // the sizes of gamma_axes, in order; absent is 1 and 0
  double gamma_offset = 0;                // gamma is read as this plus g: 1 for the form 1 + g
  Mask mask = {};
  NonFinite non_finite = NonFinite::propagate;
  Epilogue epilogue = {};
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
};

// Each may be absent. float64, the sizes of the kept axes, in order.
struct LayerNormResults {
  TensorView mean = {}, rstd = {};
  std::int64_t* non_finite = nullptr;  // how many elements NonFinite::skip left out
};

// Layer normalization. Ba, Kiros, Hinton 2016, arXiv:1607.06450.
//     y = gamma * (x - mean) * r(var) + beta      statistics over the reduced axes of each row
// A row of one value gives beta. gamma per element: gamma_axes = axes (default); per channel: gamma_axes = {1}.
// Errors: axes out of range or repeated, shapes of gamma, beta, results, eps < 0; divisor sample with one value a row.
POISE_API void layer_norm(TensorView y, ConstTensorView x, const LayerNormOptions& options = {},
                          const LayerNormResults& results = {}, Context& context = default_context());

// As batch_norm_backward, over each row.
POISE_API void layer_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                   const LayerNormResults& saved = {}, const LayerNormOptions& options = {},
                                   Context& context = default_context());

// As batch_norm_second_backward.
POISE_API void layer_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands,
                                          ConstTensorView dy, ConstTensorView x, const LayerNormResults& saved = {},
                                          const LayerNormOptions& options = {}, Context& context = default_context());

}  // namespace poise
