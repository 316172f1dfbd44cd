#pragma once

#include <cmath>
#include <limits>

namespace poise {

// Range: the statistic {min, max}. Of no elements it is {+inf, -inf}, which merges as identity. A NaN sticks in both,
// since a scale taken from the elements around it would hide it.
struct Range {
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void add(double x) noexcept { merge({x, x}); }

  void merge(const Range& other) noexcept {
    min = lower(min, other.min);
    max = -lower(-max, -other.max);
  }

  bool empty() const noexcept { return min > max; }

 private:
  static double lower(double a, double b) noexcept { return std::isnan(a) || a < b ? a : b; }
};

}  // namespace poise
