#include "data/measure.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

// Of 8-bit integers in Histogram, of 16-bit ones in Histogram16.
template <class T, class Counts>
class CountMeasure final : public Measure {
 public:
  explicit CountMeasure(const ChannelLayout& layout)
      : layout_(layout), channels_(static_cast<std::size_t>(layout.channels)) {}

  void add(std::span<const std::byte> values) override {
    const auto* data = reinterpret_cast<const T*>(values.data());
    const auto count = static_cast<std::int64_t>(values.size() / sizeof(T));
    if (layout_.inner == 1) return add_interleaved({data, values.size() / sizeof(T)});
    layout_.for_each_run(position_, count, [&](std::size_t channel, std::size_t first, std::size_t run) {
      add_run(channels_[channel], {data + first, run});
    });
    position_ += count;
  }

  Statistics finish() override { return {ValueType::of_bits(8 * sizeof(T)), Statistics::State(std::move(channels_))}; }

 private:
  // Channels innermost: every value is a run of its own.
  void add_interleaved(std::span<const T> values) {
    auto channel = static_cast<std::size_t>(position_ % layout_.channels);
    for (const T value : values) {
      ++channels_[channel].counts[value];
      if (++channel == channels_.size()) channel = 0;
    }
    position_ += static_cast<std::int64_t>(values.size());
  }

  // Histogram::add sets up tables of its own, which a short run would not repay.
  static void add_run(Counts& histogram, std::span<const T> values) {
    if constexpr (sizeof(T) == 1) {
      constexpr std::size_t long_run = 1024;
      if (values.size() >= long_run) return histogram.add(values);
    }
    for (const T value : values) ++histogram.counts[value];
  }

  ChannelLayout layout_;
  std::int64_t position_ = 0;
  std::vector<Counts> channels_;
};

double to_double(double x) { return x; }
double to_double(float x) { return x; }
double to_double(float16 x) { return to_float(x); }
double to_double(bfloat16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }

// 256 finite values in a row, in float64, about their first. That one is a member, so m2 >= (pivot - mean)^2 and the
// subtraction in fold costs at most a factor of 257 in relative error: 256 is small for that, and large enough that
// dividing and merging cost nothing. Blocks start at every 256th finite value of the channel, wherever pieces end.
struct ValueBlock {
  static constexpr std::int64_t values = 256;
  std::int64_t count = 0;
  double pivot = 0, sum = 0, squares = 0;

  void add(double x) {
    if (count == 0) pivot = x;
    const double d = x - pivot;
    sum += d;
    squares += d * d;
    ++count;
  }
  Moments fold() const {
    const auto n = static_cast<double>(count);
    const double m2 = squares - sum * (sum / n);
    return {count, pivot + sum / n, m2 < 0 ? 0 : m2};  // a NaN, of sums that overflowed, stays one
  }
};

struct FloatState {
  FloatChannel channel;
  ValueBlock block;

  void count_special(double x) {
    channel.nan += std::isnan(x) ? 1 : 0;
    channel.positive_infinity += x > 0 ? 1 : 0;
    channel.negative_infinity += x < 0 ? 1 : 0;
  }

  // Works on copies, since the compiler cannot know that the values do not overlap the state.
  template <class T>
  void add(const std::byte* data, std::size_t count) {
    ValueBlock values = block;
    double min = channel.range.min, max = channel.range.max;
    for (std::size_t i = 0; i < count; ++i) {
      T stored;
      std::memcpy(&stored, data + i * sizeof(T), sizeof(T));
      const double x = to_double(stored);
      if (!std::isfinite(x)) {
        count_special(x);
        continue;
      }
      min = x < min ? x : min;
      max = x > max ? x : max;
      values.add(x);
      if (values.count < ValueBlock::values) continue;
      channel.moments.merge(values.fold());
      values = {};
    }
    block = values;
    channel.range.min = min;
    channel.range.max = max;
  }
};

template <class T>
class FloatMeasure final : public Measure {
 public:
  explicit FloatMeasure(const ChannelLayout& layout)
      : layout_(layout), states_(static_cast<std::size_t>(layout.channels)) {}

  void add(std::span<const std::byte> values) override {
    const auto count = static_cast<std::int64_t>(values.size() / sizeof(T));
    layout_.for_each_run(position_, count, [&](std::size_t channel, std::size_t first, std::size_t run) {
      states_[channel].template add<T>(values.data() + first * sizeof(T), run);
    });
    position_ += count;
  }

  Statistics finish() override {
    std::vector<FloatChannel> channels;
    for (FloatState& state : states_) {
      if (state.block.count > 0) state.channel.moments.merge(state.block.fold());
      const Moments& moments = state.channel.moments;
      if (!std::isfinite(moments.mean) || !std::isfinite(moments.m2)) {
        throw Error(Code::data, fmt::format("[stats] channel {}: expected a spread that float64 can hold, got values "
                                            "from {} to {}",
                                            channels.size(), state.channel.range.min, state.channel.range.max));
      }
      channels.push_back(state.channel);
    }
    return {DTypeOf<T>::value, Statistics::State(std::move(channels))};
  }

 private:
  ChannelLayout layout_;
  std::int64_t position_ = 0;
  std::vector<FloatState> states_;
};

}  // namespace

std::unique_ptr<Measure> make_measure(ValueType dtype, const ChannelLayout& layout) {
  if (dtype == ValueType::u16()) return std::make_unique<CountMeasure<std::uint16_t, Histogram16>>(layout);
  switch (dtype.dtype()) {
    case DType::u8:
      return std::make_unique<CountMeasure<std::uint8_t, Histogram>>(layout);
    case DType::f64:
      return std::make_unique<FloatMeasure<double>>(layout);
    case DType::f32:
      return std::make_unique<FloatMeasure<float>>(layout);
    case DType::f16:
      return std::make_unique<FloatMeasure<float16>>(layout);
    case DType::bf16:
      break;
  }
  return std::make_unique<FloatMeasure<bfloat16>>(layout);
}

}  // namespace poise
