#pragma once

#include <span>
#include <string_view>

#include <poise/options.h>

namespace poise {

// What a window runs over: the neighbouring channels of one position, or the neighbouring positions (all axes but 0 and
// the channels) of one channel.
enum class Region : std::uint8_t { across, within };

// Which side of its center an even window reaches farther to: before (PyTorch) or after (ONNX, cuDNN).
enum class ExtraTap : std::uint8_t { before, after };

struct LocalResponseNormOptions {
  int channel_axis = 1;  // axis 0 is the sample
  Region region = Region::across;
  std::int64_t size = 5;  // taps along each axis of the window; of a radius r: 2r + 1
  ExtraTap extra_tap = ExtraTap::before;
  double alpha = 1e-4;
  bool alpha_scaled = true;  // a = alpha / (taps of a whole window), or a = alpha
  double exponent = 0.75;    // the papers' beta, a name that here is the learned shift's
  double k = 1;
};

// The options by which the framework or paper means the name: alexnet, torch, onnx, tf, caffe (channel_axis stays 1;
// TensorFlow's channels are its last axis). Throws Error{usage} listing the names.
POISE_API LocalResponseNormOptions local_response_norm_preset(std::string_view name);
POISE_API std::span<const std::string_view> local_response_norm_presets() noexcept;

// Local response normalization. Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional
// neural networks".
//     y = x * B^-exponent      B = k + a * (sum of x^2 over the window); outside the tensor x is 0
// Every window is summed anew in float64: nothing drifts. Where B is 0 (k is 0 and the window zeros) y is 0.
// Float32: |y - reference| <= 6u|y|, u = 2^-24, for every finite x, size, alpha, k, and for exponents up to 100.
// float64: besides, e*(size + 16)*2^-53*|y| (size^axes within) of the sums. A NaN stays in the windows that meet it.
// Errors: size < 1, alpha, exponent, k < 0 or not finite (usage), axes.
POISE_API void local_response_norm(TensorView y, ConstTensorView x, const LocalResponseNormOptions& options = {},
                                   Context& context = default_context());

// Its gradient. B is measured again: that costs less than reading a saved one from memory.
//     dx_j = dy_j * B_j^-e - 2*a*e*x_j * (sum of dy_i * x_i * B_i^(-e-1) over the windows i that meet j)
// Float32: |dx - reference| <= 10u(|dy_j * B_j^-e| + 2*a*e*|x_j| * (sum of absolute terms)). dx may be dy. Errors: as
// above; dgamma or dbeta, which it does not have (usage).
POISE_API void local_response_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                            const LocalResponseNormOptions& options = {},
                                            Context& context = default_context());

}  // namespace poise
