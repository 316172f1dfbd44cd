#pragma once

#include <poise/options.h>

namespace poise {

struct FilterResponseNormOptions {
  int channel_axis = 1;                   // axis 0 is the sample
  ConstTensorView gamma = {}, beta = {};  // (C); absent is 1 and 0
  ConstTensorView threshold = {};         // (C), tau of the thresholded linear unit; absent: no threshold
  double eps = 1e-6;
  EpsPlace eps_place = EpsPlace::inside;
};

// May be absent. float64 (N, C).
struct FilterResponseNormResults {
  TensorView rstd = {};
};

// Filter response normalization. Singh, Krishnan 2020, arXiv:1911.09737.
//     y = max(gamma_c * x * r(mean of x^2) + beta_c, tau_c)      the mean over a sample's positions
// A channel of zeros gives beta, or tau. Errors: shapes, axis, eps < 0.
POISE_API void filter_response_norm(TensorView y, ConstTensorView x, const FilterResponseNormOptions& options = {},
                                    const FilterResponseNormResults& results = {},
                                    Context& context = default_context());

// As rms_norm_backward where y is above tau; elsewhere dy goes to dthreshold. Gradients: dx, dgamma, dbeta, dthreshold.
POISE_API void filter_response_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                             const FilterResponseNormResults& saved = {},
                                             const FilterResponseNormOptions& options = {},
                                             Context& context = default_context());

}  // namespace poise
