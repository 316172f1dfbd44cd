#pragma once

#include <cmath>
#include <cstdint>

#include "core/counts.h"

namespace poise {

// What the estimators that circulate beside the true deviation follow from: sums over samples of each sample's own
// mean, variance and std. They are kept in whole units of 2^-40, so that no order of the samples changes a bit; a sum
// of n of them errs by n 2^-41 at most.
struct SampleMoments {
  std::uint64_t samples = 0;
  uint128 mean = 0, variance = 0, std = 0;

  static constexpr double unit = 0x1p-40;

  // One sample, by its values' count (at least 1), sum and sum of squares. Returns the sample's own mean and std.
  struct Own {
    double mean = 0, std = 0;
  };
  Own add(std::uint64_t count, std::uint64_t sum, std::uint64_t sum_squares) noexcept {
    const auto n = static_cast<double>(count);
    // n^2 times the variance, exact.
    const auto spread = static_cast<double>(uint128{count} * sum_squares - uint128{sum} * sum);
    const Own own{static_cast<double>(sum) / n, std::sqrt(spread) / n};
    ++samples;
    mean += fixed(own.mean);
    variance += fixed(spread / n / n);
    std += fixed(own.std);
    return own;
  }
  void merge(const SampleMoments& other) noexcept {
    samples += other.samples;
    mean += other.mean;
    variance += other.variance;
    std += other.std;
  }

  double mean_of_means() const noexcept { return average(mean); }
  double mean_of_std() const noexcept { return average(std); }
  double sqrt_mean_var() const noexcept { return std::sqrt(average(variance)); }

 private:
  static uint128 fixed(double x) noexcept { return static_cast<uint128>(std::floor(x / unit + 0.5)); }
  double average(uint128 total) const noexcept {
    return samples == 0 ? 0 : static_cast<double>(total) / static_cast<double>(samples) * unit;
  }
};

}  // namespace poise
