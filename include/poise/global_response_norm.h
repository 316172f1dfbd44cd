#pragma once

#include <poise/options.h>

namespace poise {

// Over what a channel's response is summed: the positions of each sample (the paper's dense form), or those of all
// samples (its sparse form, for sets of points).
enum class ResponseScope : std::uint8_t { sample, batch };

struct GlobalResponseNormOptions {
  int channel_axis = 1;  // axis 0 is the sample
  ResponseScope scope = ResponseScope::sample;
  ConstTensorView gamma = {}, beta = {};  // (C); absent is 0 for both: then y is x
  double eps = 1e-6;                      // outside: added to the mean response
  Mask mask = {};
};

// May be absent. float64 (N, C), or (C) over the batch: N = G / (mean of G over channels + eps).
struct GlobalResponseNormResults {
  TensorView scale = {};
};

// Global response normalization. Woo, Debnath, Hu, Chen, Liu, Kweon, Xie 2023 (ConvNeXt V2), arXiv:2301.00808.
//     y = x + gamma_c * x * N + beta_c      G = sqrt(sum of x^2 over positions), N = G / (mean_c G + eps)
// A sample of zeros gives beta. Errors: shapes, axis, eps < 0.
POISE_API void global_response_norm(TensorView y, ConstTensorView x, const GlobalResponseNormOptions& options = {},
                                    const GlobalResponseNormResults& results = {},
                                    Context& context = default_context());

// With P_c = gamma_c * sum dy*x and M = mean_c G + eps:
//     dG_c = P_c/M - sum_c(P_c*G_c) / (C*M^2)      dx = (1 + gamma*N)*dy + dG/G * x (0 where G = 0)
//     dgamma = sum N*dy*x      dbeta = sum dy
POISE_API void global_response_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                             const GlobalResponseNormOptions& options = {},
                                             Context& context = default_context());

}  // namespace poise
