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

// The activations whose way back needs what they were applied to: y does not say it.
inline bool smooth(Activation activation) noexcept {
  return activation == Activation::silu || activation == Activation::gelu || activation == Activation::gelu_tanh;
}

// The derivative of a smooth activation in float64. Each is share + v*density, where share goes from 0 to 1 and density
// is its slope; where the density is 0 in float64, v's size must not make 0 times infinity of it.
inline double derivative(double v, Activation activation) noexcept {
  double share = 1, density = 0;
  const auto sigmoid = [&](double w, double slope) {
    const double e = std::exp(-std::fabs(w)), whole = 1 + e;
    share = (w < 0 ? e : 1) / whole;
    density = e == 0 ? 0 : e / (whole * whole) * slope;
  };
  switch (activation) {
    case Activation::silu:
      sigmoid(v, 1);
      break;
    case Activation::gelu:
      share = std::erfc(-v * 0.70710678118654752440) / 2;
      density = 0.39894228040143267794 * std::exp(-v * v / 2);
      break;
    case Activation::gelu_tanh: {
      const double twice = 2 * 0.79788456080286535588, cubic = 0.044715 * v * v;
      sigmoid(twice * v * (1 + cubic), twice * (1 + 3 * cubic));
      break;
    }
    default:
      break;
  }
  return density == 0 ? share : share + v * density;
}

}  // namespace poise
