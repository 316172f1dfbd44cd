#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/job.h"

namespace poise {

// What a loop collects of a stretch about a pivot: s = sum (x - pivot), q = sum (x - pivot)^2; for range the smallest
// and the largest.
struct Sums {
  double s = 0, q = 0;
};

inline Sums nothing(Statistic statistic) noexcept {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return statistic == Statistic::range ? Sums{infinity, -infinity} : Sums{};
}

// Joins two stretches of one cell. About the same pivot the sums of moments simply add.
inline void join(Statistic statistic, Sums& a, const Sums& b) noexcept {
  if (statistic != Statistic::range) {
    a.s += b.s;
    a.q += b.q;
  } else if (std::isnan(b.s) || std::isnan(a.s)) {
    a.s = a.q = std::numeric_limits<double>::quiet_NaN();
  } else {
    a.s = std::fmin(a.s, b.s);
    a.q = std::fmax(a.q, b.q);
  }
}

// The cell's statistics from its sums. The mean leaves as hi + lo (an exact sum of pivot and the mean deviation).
inline Measured measured_of(Statistic statistic, std::int64_t count, double pivot, const Sums& sums) noexcept {
  Measured m;
  m.count = count;
  if (statistic == Statistic::range) {
    m.min = sums.s;
    m.max = sums.q;
  } else if (statistic == Statistic::power) {
    m.m2 = sums.q;
  } else {
    const double deviation = sums.s / static_cast<double>(count);
    m.mean = pivot + deviation;
    const double rounded = m.mean - pivot;
    m.mean_lo = (pivot - (m.mean - rounded)) + (deviation - rounded);
    const double about_mean = std::fma(-sums.s, deviation, sums.q);
    m.m2 = about_mean < 0 ? 0 : about_mean;
  }
  return m;
}

// Whether sums are in float32 in part, where rows are measured (kernels/moment-inl.h).
inline bool summed_in_blocks(DType x) noexcept { return x == DType::bf16 || x == DType::f16; }

// q - s^2/n loses (mean - pivot)^2/var of its digits. Float64 sums of float32 elements can afford 2^25 of them (the
// pivot is an element, so the loss is at most n); of float64 elements, and sums in float32 blocks, hardly any.
inline constexpr double bad_pivot_limit = 33554432.0;
inline bool bad_pivot(const Measured& m, double pivot, DType x, bool in_blocks = false) noexcept {
  const double limit = x == DType::f64 || in_blocks ? 8.0 : bad_pivot_limit;
  const double deviation = (m.mean - pivot) + m.mean_lo;
  return deviation * deviation * static_cast<double>(m.count) > limit * m.m2;
}

}  // namespace poise
