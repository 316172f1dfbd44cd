#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/moments.h"

namespace poise {

// Sums over as many elements as 64 bits count do not fit in 64 bits.
__extension__ typedef unsigned __int128 uint128;  // NOLINT(modernize-use-using): only a typedef takes __extension__

// Histogram: the statistic of 8-bit data, how often each of the 256 values occurs. Everything else (moments, range,
// quantiles, shares) follows from it exactly, so results are the same for every order, split and number of workers.
struct Histogram {
  std::array<std::uint64_t, 256> counts{};

  void add(std::span<const std::uint8_t> values) noexcept;
  void merge(const Histogram& other) noexcept;

  std::uint64_t count() const noexcept;
  uint128 sum() const noexcept;
  uint128 sum_squares() const noexcept;

  // Formed in integers up to the last division. With u = 2^-53: mean within 1 rounding (u) below 2^45 elements, 3
  // above; m2 within 2 below 2^53 elements and 2^53 in m2, 4 above. One that is 0 is 0.
  Moments moments() const noexcept;

  // The smallest and the greatest value that occurs; of no elements 255 and 0, so that min > max says so.
  std::uint8_t min() const noexcept;
  std::uint8_t max() const noexcept;

  // The smallest value whose cumulative share is at least q (0 to 1): q = 0.5 is the lower median, 0 the minimum, 1 the
  // maximum. It is a value that occurs, never an interpolation. Of no elements 0.
  std::uint8_t quantile(double q) const noexcept;

  // The share of the elements that equal value; of no elements 0.
  double share(std::uint8_t value) const noexcept;
};

}  // namespace poise
