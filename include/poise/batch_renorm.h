#pragma once

#include <poise/options.h>

namespace poise {

struct BatchRenormOptions {
  Dims channel_axes = {1};                              // the kept axes
  ConstTensorView gamma = {}, beta = {};                // (channels); absent is 1 and 0
  ConstTensorView running_mean = {}, running_var = {};  // (channels), both needed
  double r_max = 3, d_max = 5;                          // 1 and 0: batch norm; at least 1 and 0
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
  Divisor running_divisor = Divisor::sample;
  double momentum = 0.1;  // weight of the *new* value
};

// Each may be absent. float64 (channels); scale and shift are the corrections r and d, constants for the gradient. The
// new running statistics may alias the old ones.
struct BatchRenormResults {
  TensorView mean = {}, rstd = {}, scale = {}, shift = {};
  TensorView running_mean = {}, running_var = {};
};

// Batch renormalization, training. Ioffe 2017, arXiv:1702.03275. In evaluation it is batch_norm's.
//     y = gamma_c * ((x - mean_c) * rstd_c * r_c + d_c) + beta_c
//     r = clip(running_rstd/rstd, 1/r_max, r_max)      d = clip((mean - running_mean) * running_rstd, -d_max, d_max)
// with running_rstd = r(running_var). Errors: as batch_norm; r_max < 1, d_max < 0.
POISE_API void batch_renorm(TensorView y, ConstTensorView x, const BatchRenormOptions& options,
                            const BatchRenormResults& results = {}, Context& context = default_context());

// As batch_norm_backward with gamma*r in place of gamma; dgamma = sum dy*((x - mean)*rstd*r + d). saved: scale and
// shift must be there when the running statistics have moved since; absent, they are computed from the options' again.
POISE_API void batch_renorm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                     const BatchRenormResults& saved, const BatchRenormOptions& options,
                                     Context& context = default_context());

}  // namespace poise
