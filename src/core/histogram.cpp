#include "core/histogram.h"

#include <algorithm>

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

void Histogram16::merge(const Histogram16& other) noexcept {
  for (std::size_t v = 0; v < counts.size(); ++v) counts[v] += other.counts[v];
}

void IntegerSums::merge(const IntegerSums& other) noexcept {
  count += other.count;
  sum += other.sum;
  sum_squares += other.sum_squares;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

}  // namespace poise
