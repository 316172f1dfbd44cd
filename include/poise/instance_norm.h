#pragma once

#include <poise/options.h>

namespace poise {

enum class InstanceNormMode : std::uint8_t { training, evaluation };

struct InstanceNormOptions {
  InstanceNormMode mode = InstanceNormMode::training;  // evaluation with running statistics normalizes with them
  int channel_axis = 1;                                // axis 0 is the sample
  ConstTensorView gamma = {}, beta = {};               // of gamma_axes' sizes; absent is 1 and 0
  Dims gamma_axes = {};                                // the axes gamma and beta run along; empty: the channel axis
  double gamma_offset = 0;                             // gamma is read as this plus g: 1 for the form 1 + g
  Mask mask = {};
  // A label map: each label is a cell of its own in every sample and channel. u8, x's rank; an axis is x's or 1, the
  // same for all of it. Labels are below label_count, 1 to 256.
  ConstTensorView labels = {};
  std::int64_t label_count = 256;
  NonFinite non_finite = NonFinite::propagate;
  Epilogue epilogue = {};
  OneValue one_value = OneValue::error;
  ConstTensorView running_mean = {}, running_var = {};  // (C), optional
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
  Divisor running_divisor = Divisor::sample;
  double momentum = 0.1;  // weight of the *new* value
};

// Each may be absent. mean, rstd: float64 (N, C); with labels (N, C, label_count), where a label has no element of mean
// 0 and variance 0. The batch's part of the running statistics is the mean over samples of the instances' means and
// variances; the results may alias the old ones.
struct InstanceNormResults {
  TensorView mean = {}, rstd = {};
  TensorView running_mean = {}, running_var = {};
  std::int64_t* non_finite = nullptr;  // how many elements NonFinite::skip left out
};

// Instance normalization. Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022.
//     y = gamma_c * (x - mean_nc) * r(var_nc) + beta_c
// x, y: (N, C, ...) or any rank of at least 2 with a channel axis.
// With labels, mean_nc and var_nc are those of the elements of one label. Each label that occurs is a pass over x.
// Errors: one value per sample and channel (and label) in training (shape), shapes, axes, eps < 0, momentum outside
// [0, 1]; a label of label_count or more (data); labels together with a mask, running statistics, NonFinite::skip or a
// second backward pass (usage).
POISE_API void instance_norm(TensorView y, ConstTensorView x, const InstanceNormOptions& options = {},
                             const InstanceNormResults& results = {}, Context& context = default_context());

// As batch_norm_backward, over each cell of its own.
POISE_API void instance_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                      const InstanceNormResults& saved = {}, const InstanceNormOptions& options = {},
                                      Context& context = default_context());

// As batch_norm_second_backward.
POISE_API void instance_norm_second_backward(const SecondGradients& gradients, const SecondOperands& operands,
                                             ConstTensorView dy, ConstTensorView x,
                                             const InstanceNormResults& saved = {},
                                             const InstanceNormOptions& options = {},
                                             Context& context = default_context());

}  // namespace poise
