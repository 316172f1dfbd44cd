#include "core/counts.h"

#include <algorithm>
#include <numeric>

namespace poise {

std::uint64_t total(Counts counts) noexcept { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

uint128 sum(Counts counts) noexcept {
  uint128 sum = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) sum += uint128{counts[v]} * v;
  return sum;
}

uint128 sum_squares(Counts counts) noexcept {
  uint128 sum = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) sum += uint128{counts[v]} * (v * v);
  return sum;
}

std::size_t first_value(Counts counts) noexcept {
  const auto first = std::find_if(counts.begin(), counts.end(), [](std::uint64_t c) { return c > 0; });
  return first == counts.end() ? counts.size() - 1 : static_cast<std::size_t>(first - counts.begin());
}

std::size_t last_value(Counts counts) noexcept {
  for (std::size_t v = counts.size(); v > 0; --v) {
    if (counts[v - 1] > 0) return v - 1;
  }
  return 0;
}

std::size_t quantile(Counts counts, double q) noexcept {
  const auto elements = static_cast<double>(total(counts));
  std::uint64_t below = 0;
  for (std::size_t v = 0; v < counts.size(); ++v) {
    below += counts[v];
    if (counts[v] > 0 && static_cast<double>(below) / elements >= q) return v;
  }
  return last_value(counts);
}

double share(Counts counts, std::size_t value) noexcept {
  const std::uint64_t n = total(counts);
  return n == 0 ? 0 : static_cast<double>(counts[value]) / static_cast<double>(n);
}

// With sum = q * n + r:  m2 = (sum_squares - q^2 n - 2 q r) - r^2 / n, where no term exceeds 128 bits. The last
// quotient is taken from the next whole number below, so that what is left is a sum and cannot cancel.
Moments integer_moments(std::uint64_t n, uint128 sum, uint128 sum_squares) noexcept {
  if (n == 0) return {};
  const uint128 q = sum / n;
  const uint128 r = sum % n;
  const uint128 whole = sum_squares - q * q * n - 2 * q * r - r * r / n;
  const auto rest = static_cast<std::uint64_t>(r * r % n);
  const auto elements = static_cast<double>(n);
  const double m2 = rest == 0 ? static_cast<double>(whole)
                              : static_cast<double>(whole - 1) + static_cast<double>(n - rest) / elements;
  return {static_cast<std::int64_t>(n), static_cast<double>(sum) / elements, m2};
}

}  // namespace poise
