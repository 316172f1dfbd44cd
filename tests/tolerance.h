#pragma once

// Every bound that the techniques' tests use, and where it comes from. Nothing here is tuned to a result.
//
// Notation: u is half an ulp of 1 of the type computed in (2^-24 for every x but float64, there 2^-53), w = 2^-53.
// y = t + shift with t = scale * (x - center); the oracle gives t, shift, and the growth: how far rounding in the
// statistics' sums may move y.
//
// 1. The map. center = hi + lo, hi the nearest value of x's precision, so |lo| is at most half an ulp of hi.
//    x - hi is exact while x is within a factor 2 of hi (Sterbenz); x then lies k >= 1 ulps off hi (k = 0: only the
//    shift counts) and |x - hi| <= k/(k - 1/2)*|x - center|. Farther off it errs by u*|x - center|, and lo is nothing.
//      one fma, (x - hi)*scale + (beta - lo*scale):
//          near, k = 1: scale 2u|t|, shift u(|t| + |beta|), fma u(|t| + |beta|)              4u|t| + 2u|shift|
//          far: subtraction, scale, fma u|t| each, shift and fma u|beta|                     3u|t| + 2u|shift|
//      gamma along the row, ((x - hi)*rstd - lo*rstd)*gamma + beta by two fma:
//          near: rstd 2u|t|, -lo*rstd u|t|, inner fma u|t|, outer fma, gamma, beta narrowed  6u|t| + 2u|shift|
//          far: subtraction, rstd, inner fma, gamma narrowed, outer fma                      5u|t| + 2u|shift|
//    Without fma each product rounds too. A product by x - hi of one or two ulps is exact (a power of two), from k = 3
//    on k/(k - 1/2) <= 1.2. One product: at most 4u|t|. Two: near 6u|t|, far 6u|t|, and u|t| more where gamma had to be
//    narrowed (float64 gamma or offset + g, float32 map): 7u for that alone, 6u everywhere else.
// 2. Underflow: each rounding may instead err by half the smallest subnormal; eight of them at most.
// 3. 16-bit and u8 outputs are the float32 y rounded once to nearest even. Rounding is monotonic, so what is stored
//    lies between the rounded ends of the float32 interval: half an ulp of the stored type, said exactly.
// 4. The statistics. Sums run in float64 about a pivot p, an element of the cell, so |p - mean| <= D, the farthest
//    element's distance; float64 cells are measured again unless (mean - p)^2 <= 8 var, so there D <= sqrt(8) sd. Then
//    mean|x - p| <= sd + D and mean (x - p)^2 = var + (mean - p)^2 <= sd^2 + D^2.
//    A sum of n terms errs by n*w relative to its absolute terms (Higham 2002, 4.2; lanes and blocks only make it
//    less); 16 further roundings cover merging, dividing, square root and forming the coefficients: g = (n + 16)*w.
//      center: g*(sd + D). pivot and sum are kept apart as hi and lo, so nothing rounds at the size of the mean itself;
//              where the mean is given out as one float64 it does: w*|mean| more
//      var:    m2 = S2 - S1^2/n, S2 = n(var + D^2), S1^2/n = n D^2 with twice S1's error: relative g*(1 + 3 D^2/var);
//              rstd half
//      mean square: no cancellation, g; its rstd g/2
//    Rows of bfloat16 and float16 are summed in float32 over 64 elements a lane, the rest in float64: x - p, the sum of
//    two and 32 of those, or a square, 32 sums and one of two lanes, are less than 36 roundings of 2^-24 an
//    element. g is 36 * 2^-24 more, and as for float64 (mean - p)^2 <= 8 var.
//    y then moves by |scale| * center's error + |t| * rstd's relative error.
// 5. Statistics given out as float64: the errors of 4 and a rounding; running statistics: their average in float64
//    (three roundings of its two terms), then rounded once to the stored type, as in 3.
// 6. Gradients. dx = scale*dy + a*(x - center) + b, written p + q + b; scale, a, b formed in float64, b' = b - lo*a.
//      two fma, fma(dy, scale, fma(x - hi, a, b')):
//          p: scale narrowed, outer fma; gamma along the row 2 more                            4u|p|
//          q: near (k = 1, |x - hi| <= 2|x - center|) a narrowed 2u, b' narrowed u, inner fma u, outer fma u;
//             far: subtraction, a, inner fma, outer fma                                        5u|q|
//          b: narrowed, inner fma, outer fma                                                   3u|b|
//    Without fma each product and each sum rounds by itself: one more of p, two more of q. The promise is 10u of all.
//    s0 and s1 are sums of m terms in float64, so with g = (m + 16)*w, and c, e the errors of center and rstd:
//          s1: g*sum|scale*dy*(x - center)| + c*sum|scale*dy| + e*|s1|       s0: g*sum|scale*dy| + e*|s0|
//          a = k*s1: |k| times s1's error, |a| times k's. k is r^2, r/sqrt(v) or 1/v over d: twice the variance's error
//          and eight roundings. r alone is saved: under an outside eps sqrt(v) is 1/r - eps, 4w*eps/sqrt(v) more.
//          dx then moves by |scale*dy|*e + |x - center|*a's error + |a|*c + s0's error/m
//    gamma that had to be narrowed enters the sums so: u more of their absolute terms.
//    mean and rstd are saved as one float64 each: w*|mean| more in c, w more in e.
//    dgamma, dbeta: sums of n terms in float64 over all cells, then rounded once to the stored type, as in 3:
//          dgamma: sum|r*dy*(x - center)|*(g + e) + sum|r*dy|*c              dbeta: g*sum|dy|       g = (n + 16)*w

#include <cmath>
#include <limits>

#include <poise/context.h>

#include "test_tensor.h"

namespace poise::test {

inline constexpr Real w = 0x1p-53L;

inline Real growth_of_sums(Real n) noexcept { return (n + 16) * w; }
inline Real growth_in_blocks(DType x) noexcept { return x == DType::bf16 || x == DType::f16 ? 36 * 0x1p-24L : 0; }
inline Real growth_of_sums(DType x, Real n) noexcept { return growth_of_sums(n) + growth_in_blocks(x); }
inline Real pivot_distance(DType x, Real sd, Real farthest) noexcept {
  return x == DType::f64 ? std::fmin(farthest, std::sqrt(8.0L) * sd) : farthest;
}
inline Real center_error(DType x, Real n, Real sd, Real farthest) noexcept {
  return growth_of_sums(n) * (sd + pivot_distance(x, sd, farthest)) +
         growth_in_blocks(x) * (sd + pivot_distance(DType::f64, sd, farthest));
}
inline Real variance_error(DType x, Real n, Real sd, Real farthest) noexcept {  // relative
  if (sd == 0) return 0;
  const Real ratio = pivot_distance(x, sd, farthest) / sd, in_blocks = pivot_distance(DType::f64, sd, farthest) / sd;
  return growth_of_sums(n) * (1 + 3 * ratio * ratio) + growth_in_blocks(x) * (1 + 3 * in_blocks * in_blocks);
}

inline Real unit_roundoff(DType x) noexcept { return x == DType::f64 ? w : 0x1p-24L; }
inline Real smallest_subnormal(DType x) noexcept { return x == DType::f64 ? 0x1p-1074L : 0x1p-149L; }

// Roundings of the map, in units of u*(|t| + |shift|).
inline constexpr Real roundings = 6;
inline bool gamma_narrowed(DType x, ConstTensorView gamma, double gamma_offset) noexcept {
  return gamma.present() && x != DType::f64 && (gamma.dtype() == DType::f64 || gamma_offset != 0);
}
inline Real roundings_of(Target target, DType x, ConstTensorView gamma, double gamma_offset = 0) noexcept {
  return target == Target::sse4 && gamma_narrowed(x, gamma, gamma_offset) ? roundings + 1 : roundings;
}

inline Real map_bound(DType x, Real t, Real shift, Real growth, Real count = roundings) noexcept {
  return count * unit_roundoff(x) * (std::fabs(t) + std::fabs(shift)) + growth + 4 * smallest_subnormal(x);
}

// Roundings of dx, in units of u*(|scale*dy| + |a*(x - center)| + |b|).
inline constexpr Real dx_roundings = 10;
inline Real dx_bound(DType x, Real terms, Real growth) noexcept {
  return dx_roundings * unit_roundoff(x) * terms + growth + 4 * smallest_subnormal(x);
}

// Whether a stored value is right: NaN where the reference is NaN, else
// within: the bound holds the rounding of the type already (y in float32 and float64);
// rounds_to: reference +- bound, then rounded once to the stored type.
inline bool rounds_to(Real stored, Real reference, Real bound, DType type) {
  if (std::isnan(reference)) return std::isnan(stored) || type == DType::u8;
  return stored >= rounded(reference - bound, type) && stored <= rounded(reference + bound, type);
}

inline bool within(Real stored, Real reference, Real bound, DType type) {
  if (std::isnan(reference)) return std::isnan(stored);
  if (std::isinf(stored)) return rounds_to(stored, reference, bound, type);
  return std::fabs(stored - reference) <= bound;
}

inline bool y_right(Real stored, Real reference, Real bound, DType y) {
  return y == DType::f32 || y == DType::f64 ? within(stored, reference, bound, y)
                                            : rounds_to(stored, reference, bound, y);
}

}  // namespace poise::test
