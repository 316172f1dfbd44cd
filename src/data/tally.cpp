#include "data/tally.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

struct Totals {
  std::uint64_t sum = 0, squares = 0;
};

// Values of one channel, stride apart. Sums follow from the counts, which is less work than adding up the values where
// these are many.
Totals count_many(const std::uint8_t* values, std::size_t count, std::size_t stride, std::uint64_t* counts) {
  ByteTables tables;
  tables.add(values, count, stride);
  std::array<std::uint64_t, 256> own{};
  tables.empty_into(own);
  Totals totals;
  for (std::size_t v = 0; v < own.size(); ++v) {
    counts[v] += own[v];
    totals.sum += own[v] * v;
    totals.squares += own[v] * (v * v);
  }
  return totals;
}

// Of contiguous values; the compiler makes vectors of it.
Totals add_up(const std::uint8_t* values, std::size_t count) {
  constexpr std::size_t most = std::size_t{1} << 16;  // squares that 32 bits hold the sum of
  Totals totals;
  for (std::size_t at = 0; at < count; at += most) {
    std::uint32_t sum = 0, squares = 0;
    for (std::size_t i = at; i < std::min(count, at + most); ++i) {
      const std::uint32_t v = values[i];
      sum += v;
      squares += v * v;
    }
    totals.sum += sum;
    totals.squares += squares;
  }
  return totals;
}

template <class T>
Totals count_few(const T* values, std::size_t count, std::size_t stride, std::uint64_t* counts) {
  Totals totals;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t v = values[i * stride];
    ++counts[v];
    totals.sum += v;
    totals.squares += v * v;
  }
  return totals;
}

Totals count_values(const std::uint8_t* values, std::size_t count, std::size_t stride, std::uint64_t* counts) {
  constexpr std::size_t many = 512;
  return (count < many ? count_few<std::uint8_t> : count_many)(values, count, stride, counts);
}

Totals count_values(const std::uint16_t* values, std::size_t count, std::size_t stride, std::uint64_t* counts) {
  return count_few(values, count, stride, counts);
}

}  // namespace

Tally::Tally(ValueType type, const ChannelLayout& layout, std::int64_t sample_values, Grouping per, bool samples)
    : type_(type), layout_(layout), values_(static_cast<std::size_t>(sample_values)), samples_(samples) {
  if (per == Grouping::all) layout_ = {};
  if (layout_.channels == 1) layout_.inner = 1;
  const auto channels = static_cast<std::size_t>(layout_.channels);
  sums_.resize(channels);
  own_.sums.resize(channels);
  if (per == Grouping::pixel) {
    pixels_.resize(values_);
  } else {
    counts_.assign(channels, std::vector<std::uint64_t>(type == DType::u8 ? 256 : 65536));
    if (type == DType::u8) small_.resize(channels);
    if (samples) moments_.resize(channels);
  }
}

template <class T>
Tally::Sums Tally::count_channel(const T* values, std::size_t channel, std::size_t count) {
  const std::size_t stride = layout_.inner == 1 ? static_cast<std::size_t>(layout_.channels) : 1;
  if constexpr (sizeof(T) == 1) {
    constexpr std::size_t few = 1 << 14;
    if (stride == 1 && count < few) {
      small_[channel].add(values, count);
      const Totals totals = add_up(values, count);
      return {totals.sum, totals.squares};
    }
  }
  const Totals totals = count_values(values, count, stride, counts_[channel].data());
  return {totals.sum, totals.squares};
}

template <class T>
void Tally::add_channels(const T* values) {
  const auto channels = static_cast<std::size_t>(layout_.channels), inner = static_cast<std::size_t>(layout_.inner);
  const std::size_t count = values_ / channels;
  if (inner == 1 || inner == count) {
    for (std::size_t c = 0; c < channels; ++c) sums_[c] = count_channel(values + c * inner, c, count);
    return;
  }
  std::fill(sums_.begin(), sums_.end(), Sums());
  layout_.for_each_run(0, static_cast<std::int64_t>(values_), [&](std::size_t c, std::size_t first, std::size_t run) {
    const Sums own = count_channel(values + first, c, run);
    sums_[c].sum += own.sum;
    sums_[c].squares += own.squares;
  });
}

template <class T>
void Tally::add_pixels(const T* values) {
  if (!pixels_.empty() && pixels_[0].count == IntegerSums::max_count) {
    throw Error(Code::data, "[stats] per pixel: expected at most 2^32 samples, got more");
  }
  for (std::size_t i = 0; i < values_; ++i) pixels_[i].add(values[i]);
}

void Tally::close_sample(std::uint64_t count) {
  Sums all;
  for (std::size_t c = 0; c < sums_.size(); ++c) {
    if (samples_) moments_[c].add(count, sums_[c].sum, sums_[c].squares);
    own_.sums[c] = sums_[c].sum;
    all.sum += sums_[c].sum;
    all.squares += sums_[c].squares;
  }
  const SampleMoments::Own own = SampleMoments().add(values_, all.sum, all.squares);
  own_.count = count;
  own_.mean = own.mean;
  own_.std = own.std;
}

const Tally::Own& Tally::add(std::span<const std::byte> values) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
  const auto* words = reinterpret_cast<const std::uint16_t*>(values.data());
  const bool wide = type_ == ValueType::u16();
  values_ = values.size() / size_of(type_);
  if (!pixels_.empty()) {
    wide ? add_pixels(words) : add_pixels(bytes);
    return own_;
  }
  wide ? add_channels(words) : add_channels(bytes);
  close_sample(values_ / sums_.size());
  return own_;
}

void Tally::empty_small() {
  for (std::size_t c = 0; c < small_.size(); ++c) small_[c].empty_into(counts_[c]);
}

void Tally::merge(Tally& other) {
  other.empty_small();
  for (std::size_t c = 0; c < counts_.size(); ++c) {
    for (std::size_t v = 0; v < counts_[c].size(); ++v) counts_[c][v] += other.counts_[c][v];
  }
  for (std::size_t i = 0; i < pixels_.size(); ++i) pixels_[i].merge(other.pixels_[i]);
  for (std::size_t c = 0; c < moments_.size(); ++c) moments_[c].merge(other.moments_[c]);
}

Statistics Tally::finish() {
  empty_small();
  if (!pixels_.empty()) return {type_, Statistics::State(std::move(pixels_))};
  if (type_ == ValueType::u16()) {
    std::vector<Histogram16> channels(counts_.size());
    for (std::size_t c = 0; c < channels.size(); ++c) channels[c].counts = std::move(counts_[c]);
    return {type_, Statistics::State(std::move(channels)), std::move(moments_)};
  }
  std::vector<Histogram> channels(counts_.size());
  for (std::size_t c = 0; c < channels.size(); ++c) {
    std::copy(counts_[c].begin(), counts_[c].end(), channels[c].counts.begin());
  }
  return {type_, Statistics::State(std::move(channels)), std::move(moments_)};
}

}  // namespace poise
