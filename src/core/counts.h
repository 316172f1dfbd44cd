#pragma once

#include <cstdint>
#include <span>

#include "core/moments.h"

// What follows from how often each value occurs: counts[v] elements have the value v.

namespace poise {

// Sums over as many elements as 64 bits count do not fit in 64 bits.
__extension__ typedef unsigned __int128 uint128;  // NOLINT(modernize-use-using): only a typedef takes __extension__

using Counts = std::span<const std::uint64_t>;

std::uint64_t total(Counts counts) noexcept;
uint128 sum(Counts counts) noexcept;
uint128 sum_squares(Counts counts) noexcept;

// The smallest and the greatest value that occurs; of no elements the last value and 0, so that the first exceeds the
// last.
std::size_t first_value(Counts counts) noexcept;
std::size_t last_value(Counts counts) noexcept;

// The smallest value whose cumulative share is at least q (0 to 1): q = 0.5 is the lower median, 0 the minimum, 1 the
// maximum. It is a value that occurs, never an interpolation. Of no elements 0.
std::size_t quantile(Counts counts, double q) noexcept;

// The share of the elements that equal value; of no elements 0.
double share(Counts counts, std::size_t value) noexcept;

// Formed in integers up to the last division. With u = 2^-53: mean within 1 rounding (u) where the sum is below 2^53, 3
// above; m2 within 2 below 2^53 elements and 2^53 in m2, 4 above. One that is 0 is 0.
Moments integer_moments(std::uint64_t count, uint128 sum, uint128 sum_squares) noexcept;

}  // namespace poise
