#pragma once

#include <poise/options.h>

namespace poise {

struct GhostBatchNormOptions {
  std::int64_t ghost_size = 32;                         // samples of a ghost batch; must divide N
  int channel_axis = 1;                                 // axis 0 is the sample
  ConstTensorView gamma = {}, beta = {};                // (C); absent is 1 and 0
  ConstTensorView running_mean = {}, running_var = {};  // (C), optional
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
  Divisor running_divisor = Divisor::sample;
  double momentum = 0.1;  // weight of the *new* value, applied once a ghost batch, in their order
};

// Each may be absent. mean, rstd: float64 (N/ghost_size, C). The new running statistics may alias the old ones.
struct GhostBatchNormResults {
  TensorView mean = {}, rstd = {};
  TensorView running_mean = {}, running_var = {};
};

// Ghost batch normalization, training. Hoffer, Hubara, Soudry 2017, arXiv:1705.08741. In evaluation it is batch_norm's.
//     y = gamma_c * (x - mean_gc) * r(var_gc) + beta_c      g: the sample's ghost batch
// Errors: a ghost size not dividing N, one value per ghost batch and channel (shape), and as batch_norm.
POISE_API void ghost_batch_norm(TensorView y, ConstTensorView x, const GhostBatchNormOptions& options = {},
                                const GhostBatchNormResults& results = {}, Context& context = default_context());

// As batch_norm_backward, over each ghost batch.
POISE_API void ghost_batch_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                         const GhostBatchNormResults& saved = {},
                                         const GhostBatchNormOptions& options = {},
                                         Context& context = default_context());

}  // namespace poise
