#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <poise/dtype.h>

#include "core/histogram.h"
#include "core/moments.h"
#include "core/range.h"
#include "data/channel_layout.h"

namespace poise {

// The state of a channel of floating data: NaN and infinities are counted and left out of the rest.
struct FloatChannel {
  Moments moments;
  Range range;
  std::uint64_t nan = 0, positive_infinity = 0, negative_infinity = 0;

  void merge(const FloatChannel& other) noexcept;
};

// What statistics say about one channel. Values are raw (0 to 255 for 8-bit data).
struct ChannelSummary {
  std::uint64_t count = 0;  // of finite values
  double mean = 0;
  double std = 0;                    // divisor count
  std::optional<double> std_sample;  // divisor count - 1; absent below 2 values
  std::optional<double> min, max;    // absent of no values
};

// The statistics of a data set, one state a channel, mergeable: integer counts for 8-bit data (exact, so the same for
// every order and split), Moments and Range for floating data.
class Statistics {
 public:
  Statistics(DType dtype, std::int64_t channels);
  Statistics(DType dtype, std::vector<Histogram> channels) : dtype_(dtype), state_(std::move(channels)) {}
  Statistics(DType dtype, std::vector<FloatChannel> channels) : dtype_(dtype), state_(std::move(channels)) {}

  DType dtype() const noexcept { return dtype_; }
  std::int64_t channels() const noexcept;
  // One a channel where the data is 8-bit, else none; and the other way round.
  std::span<const Histogram> histograms() const noexcept;
  std::span<const FloatChannel> floats() const noexcept;
  ChannelSummary summary(std::int64_t channel) const;

  // Error{shape} unless type and channels agree.
  void merge(const Statistics& other);

 private:
  DType dtype_;
  std::variant<std::vector<Histogram>, std::vector<FloatChannel>> state_;
};

}  // namespace poise
