#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/histogram.h"
#include "data/choices.h"
#include "data/statistics.h"

namespace poise {

// What samples of integers add up to, one sample at a time, in whole numbers: the same for every order and split.
class Tally {
 public:
  // layout: of a sample's values, of which there are sample_values, or any number where the channels lie innermost.
  // samples: whether each sample's own statistics are kept.
  Tally(ValueType type, const ChannelLayout& layout, std::int64_t sample_values, Grouping per, bool samples);

  // What a sample adds to its channels, for its class and to find what stands out.
  struct Own {
    std::uint64_t count = 0;          // values a channel
    std::vector<std::uint64_t> sums;  // one a channel
    double mean = 0, std = 0;         // of all values
  };
  // The reference is good until the next call. Of per pixel and where samples are not kept nothing is said.
  const Own& add(std::span<const std::byte> values);
  // Only of an equal type, layout and way.
  void merge(Tally& other);
  // Ends it.
  Statistics finish();

 private:
  struct Sums {
    std::uint64_t sum = 0, squares = 0;
  };
  template <class T>
  Sums count_channel(const T* values, std::size_t channel, std::size_t count);
  template <class T>
  void add_pixels(const T* values);
  template <class T>
  void add_channels(const T* values);
  void close_sample(std::uint64_t count);
  void empty_small();

  ValueType type_;
  ChannelLayout layout_;
  std::size_t values_;
  bool samples_;
  std::vector<std::vector<std::uint64_t>> counts_;  // one a channel
  std::vector<ByteTables> small_;                   // one a channel of bytes: those of short runs, not yet in counts_
  std::vector<IntegerSums> pixels_;
  std::vector<SampleMoments> moments_;
  std::vector<Sums> sums_;  // of the current sample
  Own own_;
};

}  // namespace poise
