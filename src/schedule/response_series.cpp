#include "schedule/response_series.h"

#include <cmath>

#include "schedule/response_loops.h"

namespace poise {
namespace {

// (1 + t)^-exponent = 1 + t (c[0] + t (c[1] + ...)) for t of 0 to `most`: least largest error, found by search.
struct Approximation {
  double exponent, most, c[ResponseSeries::terms - 1];
};

// Errors, u = 2^-24, s = (1 + t)^-exponent: z errs by 4u (a square, three additions), which counts exponent t/(1 + t)
// times. c[0]'s rounding counts 1/s times. What is added to it is (1 - s)/s of the sum and errs by 4.6u: a product
// where there is no fma, c[1]'s rounding at 1.3, an addition, and 0.3 of the same of what is inside. The last addition
// and x * f are 1 each, the search left 1/4. Of the exponent 1 that is 0.88 + 1.28 + 0.28 * 4.6 + 2 + 0.25 = 5.7u, of
// 0.75 with its wider range 5.2u. Promised are 6.
constexpr Approximation forward[] = {
    {0.5, 0.3125, {-0.499999377, 0.374960176, -0.311642339, 0.264765681, -0.199877534, 0.091711302}},
    {0.75, 0.3125, {-0.749998540, 0.656157226, -0.599571420, 0.543865867, -0.428575898, 0.201457127}},
    {1, 0.28125, {-0.999997079, 0.999815324, -0.996050234, 0.960192901, -0.787547920, 0.378653326}},
};

// Backward, to t = 1/8: (1 + t)^-(exponent + 1), interpolated at Chebyshev's nodes, within 2^-29. As above it errs by
// 0.89 + 1.27 + 0.27 * 2.7 + 1 of the exponent 1: 3.9u. Its term dy * X * slope has two products, their sum three
// additions, X times it and the difference one rounding by fma: 9.9u of the 10 promised. The power is slope * (1 + t) /
// (2 exponent fraction): two coefficients that count 1 together, a sum by fma, a product, dy times it and the
// difference: 8.9u. What underflows: of each of five terms half a subnormal times slope, at most twice fraction, and
// half a one, times X, at most sqrt(1/8 / fraction): with those of dy * power and of dx 3.7 subnormals of the four
// promised, fraction being 1/4 to 1.
constexpr Approximation backward[] = {
    {0.5, 0.125, {-1.499999996, 1.874997692, -2.187282481, 2.453365110, -2.585710490, 1.998073067}},
    {0.75, 0.125, {-1.749999994, 2.406246282, -3.007462062, 3.559570381, -3.911746115, 3.109114520}},
    {1, 0.125, {-1.999999990, 2.999994249, -3.999457796, 4.981101790, -5.696527054, 4.651065655}},
};

// In between, z's underflow is nothing, and neither it nor a coefficient that counts leaves float32.
constexpr double least_ratio = 0x1p-100, most_ratio = 0x1p100, most_k = 0x1p50;

// c's coefficients in z = t / fraction, times `first`.
void scale(const double* c, double fraction, double first, float* to) noexcept {
  to[0] = static_cast<float>(first);
  for (int i = 1; i < ResponseSeries::terms; ++i) to[i] = static_cast<float>(c[i - 1] * (first *= fraction));
}

ResponseSeries scaled(const Approximation& a, double ratio, double first) noexcept {
  int exponent = 0;
  const double fraction = std::frexp(ratio, &exponent);
  ResponseSeries s;
  s.unit = std::ldexp(1.0f, exponent);
  s.most = static_cast<float>(a.most / fraction);
  scale(a.c, fraction, first, s.c);
  return s;
}

GradientSeries gradient(const Approximation& a, double ratio, double first) noexcept {
  int exponent = 0;
  double fraction = std::frexp(ratio, &exponent);
  if (exponent % 2 != 0) fraction /= 2, ++exponent;
  GradientSeries s;
  s.root = std::ldexp(1.0f, exponent / 2);
  s.least = 0x1p-126f / s.root;
  s.most = static_cast<float>(a.most / fraction);
  scale(a.c, fraction, 2 * a.exponent * fraction * first, s.slope);
  s.back[0] = static_cast<float>(1 / (2 * a.exponent * fraction));
  s.back[1] = static_cast<float>(1 / (2 * a.exponent));
  return s;
}

bool in_range(const LocalResponseJob& job, double least_k) noexcept {
  const double ratio = job.alpha / job.k;
  return job.k >= least_k && job.k <= most_k && ratio >= least_ratio && ratio <= most_ratio;
}

}  // namespace

ResponseSeries forward_series(const LocalResponseJob& job) noexcept {
  if (!in_range(job, least_response)) return {};
  for (const Approximation& a : forward) {
    if (a.exponent == job.exponent) return scaled(a, job.alpha / job.k, std::pow(job.k, -job.exponent));
  }
  return {};
}

GradientSeries gradient_series(const LocalResponseJob& job) noexcept {
  if (!in_range(job, 1)) return {};
  for (const Approximation& a : backward) {
    if (a.exponent == job.exponent) return gradient(a, job.alpha / job.k, std::pow(job.k, -job.exponent));
  }
  return {};
}

GradientSeries gradient_series(const LocalResponseJob& job, const Plan& plan) noexcept {
  if (!job.job.dy.present() || plan.x_type != DType::f32 || plan.cells.dims().size() != 1) return {};
  const std::int64_t channels = plan.cells.inner().size, taps = window_of(job, channels).taps();
  const bool known = channels >= shortest_row && (taps == 3 || taps == 5) && job.alpha < strong_gradient * job.k;
  return known && kernels_for(plan.target).response_series_backward != nullptr ? gradient_series(job)
                                                                               : GradientSeries{};
}

}  // namespace poise
