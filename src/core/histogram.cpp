#include "core/histogram.h"

#include <algorithm>
#include <numeric>

namespace poise {

void Histogram::add(std::span<const std::uint8_t> values) noexcept {
  // Four tables: equal neighbours would otherwise wait for each other's store to the same counter.
  std::array<std::array<std::uint64_t, 256>, 4> tables{};
  const std::size_t quads = values.size() / 4 * 4;
  for (std::size_t i = 0; i < quads; i += 4) {
    ++tables[0][values[i]];
    ++tables[1][values[i + 1]];
    ++tables[2][values[i + 2]];
    ++tables[3][values[i + 3]];
  }
  for (const std::uint8_t value : values.subspan(quads)) ++tables[0][value];
  for (std::size_t v = 0; v < counts.size(); ++v) {
    counts[v] += tables[0][v] + tables[1][v] + tables[2][v] + tables[3][v];
  }
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t v = 0; v < counts.size(); ++v) counts[v] += other.counts[v];
}

std::uint64_t Histogram::count() const noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

uint128 Histogram::sum() const noexcept {
  uint128 sum = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) sum += uint128{counts[v]} * v;
  return sum;
}

uint128 Histogram::sum_squares() const noexcept {
  uint128 sum = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) sum += uint128{counts[v]} * (v * v);
  return sum;
}

// With sum = q * n + r:  m2 = (sum_squares - q^2 n - 2 q r) - r^2 / n, where no term exceeds 128 bits. The last
// quotient is taken from the next whole number below, so that what is left is a sum and cannot cancel.
Moments Histogram::moments() const noexcept {
  const std::uint64_t n = count();
  if (n == 0) return {};
  const uint128 q = sum() / n;
  const uint128 r = sum() % n;
  const uint128 whole = sum_squares() - q * q * n - 2 * q * r - r * r / n;
  const auto rest = static_cast<std::uint64_t>(r * r % n);
  const auto elements = static_cast<double>(n);
  const double m2 = rest == 0 ? static_cast<double>(whole)
                              : static_cast<double>(whole - 1) + static_cast<double>(n - rest) / elements;
  return {static_cast<std::int64_t>(n), static_cast<double>(sum()) / elements, m2};
}

std::uint8_t Histogram::min() const noexcept {
  const auto first = std::find_if(counts.begin(), counts.end(), [](std::uint64_t c) { return c > 0; });
  return first == counts.end() ? 255 : static_cast<std::uint8_t>(first - counts.begin());
}

std::uint8_t Histogram::max() const noexcept {
  const auto last = std::find_if(counts.rbegin(), counts.rend(), [](std::uint64_t c) { return c > 0; });
  return last == counts.rend() ? 0 : static_cast<std::uint8_t>(counts.rend() - last - 1);
}

std::uint8_t Histogram::quantile(double q) const noexcept {
  const auto elements = static_cast<double>(count());
  std::uint64_t below = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) {
    below += counts[v];
    if (counts[v] > 0 && static_cast<double>(below) / elements >= q) return static_cast<std::uint8_t>(v);
  }
  return max();
}

double Histogram::share(std::uint8_t value) const noexcept {
  const std::uint64_t n = count();
  return n == 0 ? 0 : static_cast<double>(counts[value]) / static_cast<double>(n);
}

}  // namespace poise
