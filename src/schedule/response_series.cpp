#include "schedule/response_series.h"

#include <cmath>

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

// In between, z's underflow is nothing, and neither it nor a coefficient that counts leaves float32.
constexpr double least_ratio = 0x1p-100, most_ratio = 0x1p100, most_k = 0x1p50;

ResponseSeries scaled(const Approximation& a, double ratio, double first) noexcept {
  int exponent = 0;
  const double fraction = std::frexp(ratio, &exponent);
  ResponseSeries s;
  s.unit = std::ldexp(1.0f, exponent);
  s.most = static_cast<float>(a.most / fraction);
  s.c[0] = static_cast<float>(first);
  for (int i = 1; i < ResponseSeries::terms; ++i) s.c[i] = static_cast<float>(a.c[i - 1] * (first *= fraction));
  return s;
}

}  // namespace

ResponseSeries forward_series(const LocalResponseJob& job) noexcept {
  const double ratio = job.alpha / job.k;
  if (!(job.k >= least_response && job.k <= most_k && ratio >= least_ratio && ratio <= most_ratio)) return {};
  for (const Approximation& a : forward) {
    if (a.exponent == job.exponent) return scaled(a, ratio, std::pow(job.k, -job.exponent));
  }
  return {};
}

}  // namespace poise
