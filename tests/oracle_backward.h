#pragma once

// What each backward pass must give, from the formulas of docs/numerics.md in naive long double loops, cell by cell:
//
//     dx = scale*dy + a*(x - center) + b,   scale = gamma*r
//     s0 = sum scale*dy,   s1 = sum scale*dy*(x - center),   a = (2/d)*(r'/r)(v)*s1,   b = -s0/m
//     dgamma = sum r*dy*(x - center),   dbeta = sum dy
//
// Given statistics: a = b = 0. About zero (RMS norm): center = b = 0. What passes x through besides (global response
// and adaptive instance norm) adds identity*dy; batch renormalization's shift d adds sum d*dy to dgamma.

#include <string_view>

#include "oracle.h"

namespace poise::test {

struct ExpectedGradients {
  Array dx;
  std::vector<Real> terms, growth;  // |scale*dy| + |a*(x - center)| + |b|, and what the sums may move; see tolerance.h
  DType x = DType::f32;             // the type that x and dy are stored in
  std::map<std::string, Statistic, std::less<>> gradients;  // dgamma, dbeta
};

// x and dy hold the values as stored.
using BackwardOracle = ExpectedGradients (*)(const Array& x, const Array& dy, const Parameters& parameters);

namespace oracle {
ExpectedGradients local_response_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients spectral_norm_backward(const Array& x, const Array& dy, const Parameters& p);
}  // namespace oracle

// Null for a technique that has none.
BackwardOracle backward_oracle_named(std::string_view technique);

}  // namespace poise::test
