#pragma once

#include <poise/options.h>

namespace poise {

// training: the batch's statistics. evaluation: the running ones. frozen: the running ones too, said by the user for a
// layer that must not learn its statistics even while the network trains (its backward is evaluation's).
enum class BatchNormMode : std::uint8_t { training, evaluation, frozen };

struct BatchNormOptions {
  BatchNormMode mode = BatchNormMode::training;
  Dims channel_axes = {1};  // the kept axes; sizes of these axes, in order, are the shape "channels" below
  ConstTensorView gamma = {}, beta = {};  // of gamma_axes' sizes; absent is 1 and 0
  Dims gamma_axes = {};                   // the axes gamma and beta run along; empty: the channel axes
  double gamma_offset = 0;                // gamma is read as this plus g: 1 for the form 1 + g
  Mask mask = {};
  NonFinite non_finite = NonFinite::propagate;
  Epilogue epilogue = {};
  ConstTensorView running_mean = {}, running_var = {};  // (channels); needed in evaluation and frozen, and for new ones
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;      // of the variance that normalizes
  Divisor running_divisor = Divisor::sample;  // of the variance that enters the running one
  double momentum = 0.1;                      // weight of the *new* value, 0 to 1
  bool track_running = true;                  // false: no running statistics at all; evaluation then uses the batch's
  OneValue one_value = OneValue::error;
};

// Each may be absent. mean, rstd: float64 (channels). The new running statistics are explicit results and may alias
// the old ones: new = (1 - momentum) * old + momentum * batch's.
struct BatchNormResults {
  TensorView mean = {}, rstd = {};
  TensorView running_mean = {}, running_var = {};
  std::int64_t* non_finite = nullptr;  // how many elements NonFinite::skip left out
};

// Batch normalization. Ioffe, Szegedy 2015, arXiv:1502.03167.
//     y = gamma_c * (x - mean_c) * r(var_c) + beta_c
// x, y: any shape with the channel axes; statistics over all other axes.
// Errors: one value per channel in training (shape), axes, shapes, eps < 0, momentum outside [0, 1], missing running
// statistics (usage).
POISE_API void batch_norm(TensorView y, ConstTensorView x, const BatchNormOptions& options = {},
                          const BatchNormResults& results = {}, Context& context = default_context());

// With scale = gamma * rstd, m values a channel and d their divisor:
//     dx = scale*dy + (2r'/r / d) * (x - mean) * sum(scale*dy*(x - mean)) - sum(scale*dy) / m
//     dgamma = sum dy*(x - mean)*rstd      dbeta = sum dy
// Evaluation and frozen: dx = scale*dy. Gradients: dx, dgamma, dbeta.
POISE_API void batch_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                   const BatchNormResults& saved = {}, const BatchNormOptions& options = {},
                                   Context& context = default_context());

// The gradients of sum ddx*dx + sum ddgamma*dgamma + sum ddbeta*dbeta, of which batch_norm_backward gives dx, dgamma
// and dbeta, to dy, x and gamma. In float64, whatever the type. No masks.
POISE_API void batch_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands,
                                          ConstTensorView dy, ConstTensorView x, const BatchNormResults& saved = {},
                                          const BatchNormOptions& options = {}, Context& context = default_context());

}  // namespace poise
