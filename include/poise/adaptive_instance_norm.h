#pragma once

#include <poise/options.h>

namespace poise {

struct AdaptiveInstanceNormOptions {
  int channel_axis = 1;  // axis 0 is the sample
  // The style: features of any size with x's samples, channels and channel axis; or their mean and std, (N, C).
  ConstTensorView style = {};
  ConstTensorView style_mean = {}, style_std = {};
  // Label maps of x and of the style's features: positions of a label take the statistics of the style's positions of
  // that label, and style_mean and style_std are (N, C, label_count). u8, of x's and the style's rank; an axis is
  // theirs or 1, the same for all of it. Labels are below label_count, 1 to 256.
  ConstTensorView labels = {}, style_labels = {};
  std::int64_t label_count = 256;
  double alpha = 1;  // 0: the content x itself, 1: all of the style
  double eps = 1e-5;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::sample;
};

// Each may be absent. float64 (N, C); with labels (N, C, label_count), where a label has no element of mean 0 and
// variance 0. style_std is 1/r(var of the style).
struct AdaptiveInstanceNormResults {
  TensorView mean = {}, rstd = {};
  TensorView style_mean = {}, style_std = {};
};

// Adaptive instance normalization. Huang, Belongie 2017, arXiv:1703.06868.
//     y = alpha * (std_s * (x - mean_x) * r(var_x) + mean_s) + (1 - alpha) * x
// x, y: (N, C, ...). std_s = 1/r(var_s), with the same eps, place and divisor.
// Errors: neither or both forms of style (usage), one value per sample and channel (shape), shapes, axis, eps < 0,
// alpha outside [0, 1]; one kind of labels without the other (usage), a label of label_count or more (data), a label in
// a sample and channel of x whose style has no such position (data).
POISE_API void adaptive_instance_norm(TensorView y, ConstTensorView x, const AdaptiveInstanceNormOptions& options,
                                      const AdaptiveInstanceNormResults& results = {},
                                      Context& context = default_context());

// Gradients: dx; dstyle, of the style's type and shape, where the style is features; dstyle_mean, dstyle_std (N, C).
// To x as batch_norm_backward with gamma = alpha*std_s, and (1 - alpha)*dy more. dstd_s = alpha * sum dy*(x - mean)*r,
// dmean_s = alpha * sum dy; and with n_s positions and divisor d_s
//     dstyle = dmean_s/n_s + dstd_s * (2/d_s) * (dstd/dvar)(var_s) * (style - mean_s)
// where for an eps inside 2*dstd/dvar is 1/std_s.
POISE_API void adaptive_instance_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                               const AdaptiveInstanceNormResults& saved,
                                               const AdaptiveInstanceNormOptions& options,
                                               Context& context = default_context());

}  // namespace poise
