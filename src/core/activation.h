#pragma once

#include <poise/options.h>

#include <cmath>

namespace poise {

// An activation in float64. slope: of leaky ReLU; of ReLU 0.
inline double activated(double v, Activation activation, double slope) noexcept {
  switch (activation) {
    case Activation::none:
      return v;
    case Activation::relu:
    case Activation::leaky_relu:
      return v > 0 || std::isnan(v) ? v : slope == 0 ? 0 : slope * v;
    case Activation::silu:
      // v*sigmoid(v); far below 0 it is 0, where v/(1 + inf) would be, too.
      return v / (1 + std::exp(-v));
    case Activation::gelu:
      return v / 2 * std::erfc(-v * 0.70710678118654752440);
    case Activation::gelu_tanh: {
      // (1 + tanh(u))/2 = sigmoid(2u), which keeps its digits where tanh is next to -1.
      const double twice = 2 * 0.79788456080286535588 * (v + 0.044715 * v * v * v);
      return v / (1 + std::exp(-twice));
    }
  }
  return v;
}

}  // namespace poise
