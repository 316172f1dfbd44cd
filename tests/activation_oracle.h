#pragma once

#include <poise/options.h>

#include <cmath>

#include "tolerance.h"

namespace poise::test {

inline constexpr Activation smooth_ones[] = {Activation::silu, Activation::gelu, Activation::gelu_tanh};

// A smooth activation from its definition in long double: v*share(v), share's slope, and what a relative error of 1 in
// share's argument makes of share.
struct Share {
  Real share, slope, sway;
};
inline Share share_of(Real v, Activation a) {
  const Real pi = std::acos(-1.0L), root = std::sqrt(2 / pi);
  if (a == Activation::gelu) {
    const Real density = std::exp(-v * v / 2) / std::sqrt(2 * pi);
    return {std::erfc(-v / std::sqrt(2.0L)) / 2, density, std::fabs(v) * density};
  }
  const Real argument = a == Activation::silu ? v : 2 * root * (v + 0.044715L * v * v * v);
  const Real slope = a == Activation::silu ? 1 : 2 * root * (1 + 3 * 0.044715L * v * v);
  const Real s = 1 / (1 + std::exp(-argument)), density = s / (1 + std::exp(argument));
  return {s, density * slope, std::fabs(argument) * density};
}

}  // namespace poise::test
