#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "core/histogram.h"
#include "core/moments.h"
#include "core/range.h"
#include "data/channel_layout.h"
#include "data/sample_moments.h"
#include "io/value_type.h"

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

// The statistics of a data set, one state a channel, mergeable: integer counts, or sums where there are too many
// channels for counts, for 8- and 16-bit data (exact, so the same for every order and split), Moments and Range for
// floating data.
class Statistics {
 public:
  using State = std::variant<std::vector<Histogram>, std::vector<Histogram16>, std::vector<IntegerSums>,
                             std::vector<FloatChannel>>;

  // Histograms for integers, else floats, all empty.
  Statistics(ValueType type, std::int64_t channels);
  Statistics(ValueType type, State state, std::vector<SampleMoments> samples = {})
      : type_(type), state_(std::move(state)), samples_(std::move(samples)) {}

  ValueType dtype() const noexcept { return type_; }
  std::int64_t channels() const noexcept;
  // Exactly one of these has one a channel, the others are empty.
  std::span<const Histogram> histograms() const noexcept;
  std::span<const Histogram16> histograms16() const noexcept;
  std::span<const IntegerSums> sums() const noexcept;
  std::span<const FloatChannel> floats() const noexcept;
  // 256 or 65,536 counts where the channel has a histogram, else none.
  Counts counts(std::int64_t channel) const noexcept;
  // One a channel, or none where the data has no samples of their own statistics.
  std::span<const SampleMoments> samples() const noexcept { return samples_; }

  ChannelSummary summary(std::int64_t channel) const;

  // Error{shape} unless type, channels and kind of state agree, Error{data} for more than sums can count.
  void merge(const Statistics& other);

 private:
  ValueType type_;
  State state_;
  std::vector<SampleMoments> samples_;
};

}  // namespace poise
