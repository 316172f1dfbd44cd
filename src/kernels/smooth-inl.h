// The smooth activations and their derivatives in lanes of float64. Included once per instruction set.

#if defined(POISE_KERNELS_SMOOTH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef POISE_KERNELS_SMOOTH_INL_H_
#undef POISE_KERNELS_SMOOTH_INL_H_
#else
#define POISE_KERNELS_SMOOTH_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>

#include <poise/options.h>

#include <iterator>

#include "kernels/element-inl.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// A smooth activation is v*share(v), where share goes from 0 to 1 and density is its slope: what core/activation.h says
// of one element, to a few units of float64; of GELU only while share is of float32's size.
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
// of t from 0.15 to 1, to 4.5e-16 of it; beyond, where z is over 11.3, the result is 0 in float32.
HWY_INLINE Share normal(VD v) {
  constexpr double q[] = {
      0.5655282885981935,     0.3285916545632777,      0.10576427422428897,     0.006847077772110068,
      -0.006590737650864635,  -0.000760281166165438,   0.0006706228813579797,   1.0510307928591965e-05,
      -7.985984257794037e-05, 1.4992595064649635e-05,  6.913988577462013e-06,   -4.030411632787085e-06,
      2.5678285190095117e-07, 5.225030964697535e-07,   -2.3620025792822015e-07, 8.349731123332694e-09,
      3.922266657885591e-08,  -1.8213711105617614e-08, -1.0351712643776165e-09, 3.3612734411221246e-09,
      -4.140985944937819e-10, -2.1593887161462426e-10};
  constexpr int last = std::size(q) - 1;
  const VD z = hn::Mul(hn::Abs(v), constant(0.70710678118654752440));
  const VD e = decay(hn::Mul(hn::Mul(v, v), constant(0.5)));
  const VD t = hn::Max(hn::Div(constant(2), hn::Add(constant(2), z)), constant(0.15));
  const VD at = hn::MulAdd(t, constant(2 / 0.85), constant(-1.15 / 0.85));
  VD sum = constant(q[last]);
  for (int i = last - 1; i >= 0; --i) sum = hn::MulAdd(sum, at, constant(q[i]));
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
