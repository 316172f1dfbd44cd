#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "data/statistics.h"

namespace poise {

// Measures the statistics of values that come in pieces. The result depends on the values and their order alone, never
// on how they are cut into pieces. Memory is the state of the channels, however many values come.
class Measure {
 public:
  virtual ~Measure() = default;
  // Whole values of the type, continuing where the last piece ended.
  virtual void add(std::span<const std::byte> values) = 0;
  // Ends the measurement. Error{data} when the spread of floating data exceeds float64.
  virtual Statistics finish() = 0;
};

std::unique_ptr<Measure> make_measure(ValueType dtype, const ChannelLayout& layout);

}  // namespace poise
