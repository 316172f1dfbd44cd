#pragma once

#include <cstdint>

namespace poise {

// Power: the statistic of a unit that RMS norm and its kin need, the sum of squares. A sum of non-negative terms does
// not cancel, so float64 needs no pivot here.
struct Power {
  std::int64_t count = 0;
  double sum_squares = 0;

  void add(double x) noexcept {
    ++count;
    sum_squares += x * x;
  }

  void merge(const Power& other) noexcept {
    count += other.count;
    sum_squares += other.sum_squares;
  }

  // Of no elements 0.
  double mean_square() const noexcept { return count == 0 ? 0 : sum_squares / static_cast<double>(count); }
};

}  // namespace poise
