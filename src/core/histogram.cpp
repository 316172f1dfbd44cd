#include "core/histogram.h"

#include <algorithm>

namespace poise {

void ByteTables::empty_into(std::span<std::uint64_t> counts) noexcept {
  for (auto& table : tables) {
    for (std::size_t v = 0; v < table.size(); ++v) counts[v] += table[v];
    table.fill(0);
  }
}

void Histogram::add(std::span<const std::uint8_t> values) noexcept {
  ByteTables tables;
  tables.add(values.data(), values.size());
  tables.empty_into(counts);
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
