#pragma once

#include <poise/options.h>

#include <cstdint>

namespace poise {

// Moments: the statistic of a unit or cell, as a mergeable value. m2 is the sum of (x - mean)^2. Everything that is
// measured apart (lanes, tails, blocks, threads, files, ranks) is joined by merge.
struct Moments {
  std::int64_t count = 0;
  double mean = 0;
  double m2 = 0;

  // Welford 1962.
  void add(double x) noexcept {
    ++count;
    const double delta = x - mean;
    mean += delta / static_cast<double>(count);
    m2 += delta * (x - mean);
  }

  // Chan, Golub, LeVeque 1983. Exact identity with an empty side; an empty side's NaN cannot enter.
  void merge(const Moments& other) noexcept {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const auto theirs = static_cast<double>(other.count);
    const double share = theirs / static_cast<double>(count + other.count);
    const double delta = other.mean - mean;
    m2 += other.m2 + delta * delta * (static_cast<double>(count) * share);
    mean += delta * share;
    count += other.count;
  }

  // Of no elements 0. The sample variance of one element does not exist and is NaN (0/0): whoever normalizes with it
  // decides before what one value per cell means.
  double variance(Divisor divisor) const noexcept {
    if (count == 0) return 0;
    return m2 / static_cast<double>(divisor == Divisor::sample ? count - 1 : count);
  }
};

}  // namespace poise
