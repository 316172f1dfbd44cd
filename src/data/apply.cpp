#include "data/apply.h"

#include <fmt/format.h>
#include <poise/error.h>
#include <poise/minmax.h>
#include <poise/symmetric.h>
#include <poise/zscore.h>

#include "data/channel_layout.h"
#include "data/convert.h"

namespace poise {
namespace {

void check_units(const StatisticsFile& file, const SourceInfo& data) {
  const ValueType of = file.provenance.dtype, got = data.dtype;
  if (of.full_scale() == got.full_scale()) return;
  const char* units = of == DType::u8 ? "8-bit" : of.is_integer() ? "16-bit" : "floating";
  throw Error(Code::refused,
              fmt::format("[apply] {}: expected {} data like the statistics', got {}", data.name, units, name_of(got)));
}

void check_channels(std::int64_t expected, const SourceInfo& data, std::int64_t channels) {
  if (channels == expected) return;
  throw Error(Code::shape, fmt::format("[apply] {}: expected {} channels, got {} in shape {}", data.name, expected,
                                       channels, data.shape.str()));
}

// The types that Poise's scaling maps between at once; any other pair goes through float64.
bool maps_directly(DType x, DType y) {
  if (x == DType::u8) return y != DType::f64;
  return x == y || (y == DType::f32 && size_of(x) == 2);
}

// Scales blocks of samples, each seen as (outer, channels, inner).
class BlockScaling {
 public:
  BlockScaling(const SourceInfo& info, const Scaling& scaling, int channel_axis, DType y, Context& context)
      : info_(info), scaling_(scaling), axis_(channel_axis), y_(y), context_(context) {}

  // The scaled samples, valid until the next call.
  std::span<const std::byte> scale(std::span<const std::byte> samples) {
    const auto values = static_cast<std::int64_t>(samples.size() / size_of(info_.dtype));
    y_block_.resize(static_cast<std::size_t>(values) * size_of(y_));
    if (maps_directly(info_.dtype, y_)) {
      run({y_block_.data(), y_, shape(values)}, {samples.data(), info_.dtype, shape(values)});
    } else {
      wide_.resize(static_cast<std::size_t>(values));
      widen(samples, info_.dtype, wide_);
      run({wide_.data(), shape(values)}, {wide_.data(), shape(values)});
      narrow(wide_, y_, y_block_);
    }
    next_sample_ += values / info_.sample_values();
    return y_block_;
  }

 private:
  // Where the samples are the channels, a block holds some of them whole.
  Dims shape(std::int64_t values) const {
    const std::int64_t sample = info_.sample_values();
    if (axis_ < 0) return {values / sample, 1, sample};
    if (axis_ == 0) return {1, values / sample, sample};
    const ChannelLayout layout = channel_layout(info_.shape, axis_);
    return {values / (layout.channels * layout.inner), layout.channels, layout.inner};
  }

  void run(TensorView y, ConstTensorView x) {
    const std::size_t channel = axis_ == 0 ? static_cast<std::size_t>(next_sample_) : 0;
    const ConstTensorView first(scaling_.first.data() + channel, {x.size(1)});
    const ConstTensorView second(scaling_.second.data() + channel, {x.size(1)});
    switch (scaling_.method) {
      case Method::zscore:
        return zscore(y, x, {.mean = first, .std = second}, {}, context_);
      case Method::minmax:
        return minmax(y, x, {.min = first, .max = second}, {}, context_);
      case Method::symmetric:
        return symmetric(y, x, {.min = first, .max = second}, {}, context_);
    }
  }

  const SourceInfo& info_;
  const Scaling& scaling_;
  int axis_;
  DType y_;
  Context& context_;
  std::int64_t next_sample_ = 0;
  std::vector<std::byte> y_block_;
  std::vector<double> wide_;
};

}  // namespace

Method method_named(std::string_view name) {
  if (name == "zscore") return Method::zscore;
  if (name == "minmax") return Method::minmax;
  if (name == "symmetric") return Method::symmetric;
  throw Error(Code::usage, fmt::format("[apply] method: expected zscore, minmax or symmetric, got '{}'", name));
}

Scaling scaling_of(const StatisticsFile& file, Method method, const SourceInfo& data, int channel_axis) {
  check_units(file, data);
  const Statistics& statistics = file.statistics;
  check_channels(statistics.channels(), data, channel_layout(data.shape, channel_axis).channels);
  Scaling scaling{method, {}, {}, {}};
  for (std::int64_t c = 0; c < statistics.channels(); ++c) {
    const ChannelSummary summary = statistics.summary(c);
    if (summary.count == 0) {
      throw Error(Code::data, fmt::format("[apply] statistics: expected values in channel {}, got none", c));
    }
    const bool by_deviation = method == Method::zscore;
    const Estimate meant = estimate(file, c);
    const double first = by_deviation ? meant.mean : *summary.min;
    const double second = by_deviation ? meant.std : *summary.max;
    const bool constant = by_deviation ? second == 0 : first == second;
    if (constant) scaling.constant_channels.push_back(c);
    scaling.first.push_back(first);
    // The techniques give scale 1 to a range of 0, but refuse to be told a deviation of 0.
    scaling.second.push_back(by_deviation && constant ? 1 : second);
  }
  return scaling;
}

Scaling scaling_of(const Preset& preset, const SourceInfo& data, int channel_axis) {
  const std::int64_t channels = channel_layout(data.shape, channel_axis).channels;
  if (preset.channels != 1) check_channels(preset.channels, data, channels);
  const double full = data.dtype == DType::u8 ? 255 : 1;
  Scaling scaling;
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t constant = preset.channels == 1 ? 0 : c;
    scaling.first.push_back(preset.mean[constant] * full);
    scaling.second.push_back(preset.std[constant] * full);
  }
  return scaling;
}

DType default_output(DType data) noexcept { return data == DType::u8 ? DType::f32 : data; }

void apply(DataSource& source, const Scaling& scaling, int channel_axis, DType y, NpyWriter& output, Context& context) {
  if (y == DType::u8) throw Error(Code::usage, "[apply] dtype: expected f32, f64, bf16 or f16, got u8");
  // A block is written to the file next, so its values belong in the cache; scaling it takes less time than other
  // threads would take to wake.
  context.store = StorePolicy::cached;
  context.threads = 1;
  const SourceInfo& info = source.info();
  BlockScaling blocks(info, scaling, channel_axis, y, context);
  std::vector<std::byte> block = source.make_block();
  while (const std::int64_t count = source.read(block)) {
    const auto bytes = static_cast<std::size_t>(count) * info.sample_bytes();
    output.write(blocks.scale(std::span<const std::byte>(block).first(bytes)));
  }
}

}  // namespace poise
