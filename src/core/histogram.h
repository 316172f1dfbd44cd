#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/counts.h"
#include "core/moments.h"

namespace poise {

// Counts of bytes on their way, in four tables: equal neighbours would otherwise wait for each other's store to the
// same counter. Setting them up takes as long as counting a few hundred values.
struct ByteTables {
  std::array<std::array<std::uint64_t, 256>, 4> tables{};

  void add(const std::uint8_t* values, std::size_t count) noexcept {
    std::size_t i = 0;
    // One load for eight bytes: loads and stores are what limits it.
    for (; i + 8 <= count; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, values + i, sizeof eight);
      for (std::size_t t = 0; t < 8; ++t) ++tables[t % 4][eight >> 8 * t & 255];
    }
    for (; i < count; ++i) ++tables[0][values[i]];
  }
  // Values stride apart.
  void add(const std::uint8_t* values, std::size_t count, std::size_t stride) noexcept {
    if (stride == 1) return add(values, count);
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      for (std::size_t t = 0; t < 4; ++t) ++tables[t][values[(i + t) * stride]];
    }
    for (; i < count; ++i) ++tables[0][values[i * stride]];
  }
  // Adds them to 256 counts, and starts again.
  void empty_into(std::span<std::uint64_t> counts) noexcept;
};

// Histogram: the statistic of 8-bit data, how often each of the 256 values occurs. Everything else (moments, range,
// quantiles, shares) follows from it exactly, so results are the same for every order, split and number of workers.
// What the functions promise is in core/counts.h.
struct Histogram {
  std::array<std::uint64_t, 256> counts{};

  void add(std::span<const std::uint8_t> values) noexcept;
  void merge(const Histogram& other) noexcept;

  std::uint64_t count() const noexcept { return total(counts); }
  uint128 sum() const noexcept { return poise::sum(counts); }
  uint128 sum_squares() const noexcept { return poise::sum_squares(counts); }
  Moments moments() const noexcept { return integer_moments(count(), sum(), sum_squares()); }
  std::uint8_t min() const noexcept { return static_cast<std::uint8_t>(first_value(counts)); }
  std::uint8_t max() const noexcept { return static_cast<std::uint8_t>(last_value(counts)); }
  std::uint8_t quantile(double q) const noexcept { return static_cast<std::uint8_t>(poise::quantile(counts, q)); }
  double share(std::uint8_t value) const noexcept { return poise::share(counts, value); }
};

// The same of 16-bit data: 65,536 values, on the heap.
struct Histogram16 {
  std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(65536);

  void merge(const Histogram16& other) noexcept;
  Moments moments() const noexcept { return integer_moments(total(counts), sum(counts), sum_squares(counts)); }
};

// The statistic of integers where there are too many units for a histogram each, such as the pixels of an image:
// exact too, but without quantiles.
struct IntegerSums {
  std::uint64_t count = 0, sum = 0, sum_squares = 0;
  std::uint64_t min = ~std::uint64_t{0}, max = 0;  // of no elements min > max

  // More 16-bit elements could overflow sum_squares.
  static constexpr std::uint64_t max_count = std::uint64_t{1} << 32;

  void add(std::uint64_t value) noexcept {
    ++count;
    sum += value;
    sum_squares += value * value;
    min = value < min ? value : min;
    max = value > max ? value : max;
  }
  void merge(const IntegerSums& other) noexcept;
  Moments moments() const noexcept { return integer_moments(count, sum, sum_squares); }
};

}  // namespace poise
