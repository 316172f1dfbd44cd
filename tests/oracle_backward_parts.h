#pragma once

// What several backward oracles have in common: a cell's slope, the sums, dx and the gradients of gamma and beta.

#include "oracle_backward.h"
#include "oracle_parts.h"

namespace poise::test::oracle {

// A cell as its backward pass sees it: the forward affine, and k = (2/d)*(r'/r)(v) with a = k*s1, or a itself.
struct Slope {
  CellAffine affine;
  Real m = 0, k = 0, k_error = 0;  // k_error: relative
  bool centered = true, constant = false;
  bool has_a = false;
  Real a = 0, a_error = 0;  // a_error: absolute
};

// 2r'/r.
Real twice_slope(Real v, Real r, Real eps, EpsPlace place);

// One float64 mean and rstd go from forward to backward: see tolerance.h, 6.
Slope slope_of(CellAffine affine, Real m, Real d, Real v, Real v_error, Real eps, EpsPlace place);
std::vector<Slope> measured(const Array& x, const Cells& cells, Divisor divisor, Real eps, EpsPlace place);
std::vector<Slope> about_zero(const Array& x, const Cells& cells, Real eps, EpsPlace place);
std::vector<Slope> given(const Array& mean, const Array& variance, Real eps, EpsPlace place);

struct OperandKeys {
  PerElement gamma;
  Keys keys;   // which value of gamma an element belongs to
  Dims shape;  // gamma's
};
OperandKeys operands(const Parameters& p, const Dims& sizes, const Dims& axes, Real absent = 1);

// s0 and s1 with gamma*scale, and the sums of their absolute terms.
struct Sums {
  Real s0 = 0, s1 = 0, abs0 = 0, abs1 = 0;
};
std::vector<Sums> sums_of(const Array& x, const Array& dy, const Cells& cells, const std::vector<Slope>& slopes,
                          const PerElement& gamma);

ExpectedGradients backward(const Array& x, const Array& dy, const Cells& cells, const std::vector<Slope>& slopes,
                           const OperandKeys& o);

ExpectedGradients lp_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients clip_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients filter_response_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients mean_variance_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients batch_renorm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients ghost_batch_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients weight_standardization_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients weight_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients max_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients global_response_norm_backward(const Array& x, const Array& dy, const Parameters& p);
ExpectedGradients adaptive_instance_norm_backward(const Array& x, const Array& dy, const Parameters& p);

}  // namespace poise::test::oracle
