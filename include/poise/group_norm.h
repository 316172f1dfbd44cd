#pragma once

#include <poise/options.h>

namespace poise {

struct GroupNormOptions {
  std::int64_t groups = 32;               // must divide C
  int channel_axis = 1;                   // axis 0 is the sample
  ConstTensorView gamma = {}, beta = {};  // of gamma_axes' sizes; absent is 1 and 0
  Dims gamma_axes = {};                   // the axes gamma and beta run along; empty: the channel axis
  double gamma_offset = 0;                // gamma is read as this plus g: 1 for the form 1 + g
  Mask mask = {};
  NonFinite non_finite = NonFinite::propagate;
  Epilogue epilogue = {};
  OneValue one_value = OneValue::error;
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
};

// Each may be absent. float64 (N, groups).
struct GroupNormResults {
  TensorView mean = {}, rstd = {};
  std::int64_t* non_finite = nullptr;  // how many elements NonFinite::skip left out
};

// Group normalization. Wu, He 2018, arXiv:1803.08494.
//     y = gamma_c * (x - mean_ng) * r(var_ng) + beta_c      a group is C/groups consecutive channels
// Errors: groups not dividing C or more than C (shape), one value per group (shape), shapes, axes, eps < 0.
POISE_API void group_norm(TensorView y, ConstTensorView x, const GroupNormOptions& options = {},
                          const GroupNormResults& results = {}, Context& context = default_context());

// As batch_norm_backward, over each cell of its own.
POISE_API void group_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                   const GroupNormResults& saved = {}, const GroupNormOptions& options = {},
                                   Context& context = default_context());

// As batch_norm_second_backward.
POISE_API void group_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands,
                                          ConstTensorView dy, ConstTensorView x, const GroupNormResults& saved = {},
                                          const GroupNormOptions& options = {}, Context& context = default_context());

}  // namespace poise
