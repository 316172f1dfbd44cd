// The smooth activations and their derivatives in lanes of float64. Included once per instruction set.

#if defined(POISE_KERNELS_SMOOTH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_SMOOTH_INL_H_
#undef POISE_KERNELS_SMOOTH_INL_H_
#else
#define POISE_KERNELS_SMOOTH_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>

#include <poise/options.h>

#include "kernels/element-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// A smooth activation is v*share(v), where share goes from 0 to 1 and density is its slope: what core/activation.h says
// of one element, to a few units of float64, and of GELU to 3e-11, which is for elements of float32.
struct Share {
  VD share, density;
};

HWY_INLINE VD constant(double value) { return hn::Set(DD(), value); }

// e^-w of w >= 0, NaN kept.
HWY_INLINE VD decay(VD w) { return hn::IfThenElse(hn::IsNaN(w), w, hn::Exp(DD(), hn::Neg(w))); }

HWY_INLINE Share sigmoid(VD w, VD slope) {
  const VD one = constant(1), e = decay(hn::Abs(w)), part = hn::Div(one, hn::Add(one, e));
  // Far out the slope may be infinite: 0 stays 0.
  const VD density = hn::Mul(hn::Mul(hn::Mul(e, part), part), slope);
  return {hn::Mul(hn::IfThenElse(hn::Lt(w, hn::Zero(DD())), e, one), part),
          hn::IfThenZeroElse(hn::Eq(e, hn::Zero(DD())), density)};
}

// Phi(-z*sqrt 2) = erfc(z)/2 = t*Q(t)*e^(-z^2)/2 with t = 2/(2 + z). Q interpolates the quotient at Chebyshev's points
// of t from 0.15 to 1, to 3e-11 of it; beyond, where z is over 11.3, the result is 0 in float32.
HWY_INLINE Share normal(VD v) {
  constexpr double q[] = {0.5655282885845486,      0.3285916545592356,     0.10576427556549285,
                          0.006847078167042115,    -0.006590759436118275,  -0.0007602874035118692,
                          0.000670757511437099,    1.0546738074975349e-05, -8.026444887327126e-05,
                          1.4893767487455797e-05,  7.561425134198609e-06,  -3.900626017374774e-06,
                          -2.9863662612346323e-07, 4.542474545836642e-07};
  const VD z = hn::Mul(hn::Abs(v), constant(0.70710678118654752440));
  const VD e = decay(hn::Mul(hn::Mul(v, v), constant(0.5)));
  const VD t = hn::Max(hn::Div(constant(2), hn::Add(constant(2), z)), constant(0.15));
  const VD at = hn::MulAdd(t, constant(2 / 0.85), constant(-1.15 / 0.85));
  VD sum = constant(q[13]);
  for (int i = 12; i >= 0; --i) sum = hn::MulAdd(sum, at, constant(q[i]));
  const VD tail = hn::Mul(hn::Mul(hn::Mul(t, sum), e), constant(0.5));
  return {hn::IfThenElse(hn::Lt(v, hn::Zero(DD())), tail, hn::Sub(constant(1), tail)),
          hn::Mul(e, constant(0.39894228040143267794))};
}

HWY_INLINE Share share_of(VD v, Activation activation) {
  if (activation == Activation::silu) return sigmoid(v, constant(1));
  if (activation == Activation::gelu) return normal(v);
  // (1 + tanh(u))/2 = sigmoid(2u), u = sqrt(2/pi)*(v + 0.044715*v^3)
  const VD twice = constant(2 * 0.79788456080286535588), cubic = hn::Mul(hn::Mul(v, v), constant(0.044715));
  return sigmoid(hn::Mul(hn::Mul(twice, v), hn::Add(constant(1), cubic)),
                 hn::Mul(twice, hn::MulAdd(constant(3), cubic, constant(1))));
}

HWY_INLINE VD smoothed(VD v, Activation activation) { return hn::Mul(v, share_of(v, activation).share); }

HWY_INLINE VD smooth_slope(VD v, Activation activation) {
  const Share s = share_of(v, activation);
  return hn::IfThenElse(hn::Eq(s.density, hn::Zero(DD())), s.share, hn::MulAdd(v, s.density, s.share));
}

// f of lanes of float64, two vectors of them for one of float32.
template <class F>
HWY_INLINE VD in_double(F f, VD a, VD b) {
  return f(a, b);
}
template <class F>
HWY_INLINE VF in_double(F f, VF a, VF b) {
  const hn::Rebind<float, DD> half;
  const VD low = f(hn::PromoteTo(DD(), hn::LowerHalf(DFHalf(), a)), hn::PromoteTo(DD(), hn::LowerHalf(DFHalf(), b)));
  const VD high = f(hn::PromoteTo(DD(), hn::UpperHalf(DFHalf(), a)), hn::PromoteTo(DD(), hn::UpperHalf(DFHalf(), b)));
  return hn::Combine(DF(), hn::DemoteTo(half, high), hn::DemoteTo(half, low));
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#endif
