#include "data/apply.h"

#include <cmath>

#include <fmt/format.h>
#include <poise/error.h>
#include <poise/minmax.h>
#include <poise/symmetric.h>
#include <poise/zscore.h>

#include "data/block_map.h"
#include "data/channel_layout.h"

namespace poise {
namespace {

void check_units(const StatisticsFile& file, const SourceInfo& data) {
  const ValueType of = file.provenance.dtype;
  if (of.full_scale() == data.scale()) return;
  const char* units = of == DType::u8 ? "8-bit" : of.is_integer() ? "16-bit" : "floating";
  throw Error(Code::refused, fmt::format("[apply] {}: expected {} data like the statistics', got {}", data.name, units,
                                         name_of(data.dtype)));
}

void check_channels(std::int64_t expected, const SourceInfo& data, std::int64_t channels) {
  if (channels == expected) return;
  throw Error(Code::shape, fmt::format("[apply] {}: expected {} channels, got {} in shape {}", data.name, expected,
                                       channels, data.shape.str()));
}

// Exact without eps.
double deviation(double std, double eps) { return eps == 0 ? std : std::sqrt(std * std + eps); }

class ScaledBlocks final : public BlockMap {
 public:
  ScaledBlocks(const SourceInfo& data, const Scaling& scaling, int channel_axis, DType y, Context& context)
      : BlockMap(data, y), channels_(data, channel_axis), scaling_(scaling), context_(context) {}

 protected:
  bool maps_directly(DType x, DType y) const noexcept override { return poise::maps_directly(x, y); }
  Dims shape(std::int64_t values) const override { return channels_.shape(values); }
  void run(TensorView y, ConstTensorView x, std::int64_t first_sample) override {
    const std::size_t channel = channels_.first(first_sample);
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

 private:
  BlockChannels channels_;
  const Scaling& scaling_;
  Context& context_;
};

}  // namespace

Method method_named(std::string_view name) {
  if (name == "zscore") return Method::zscore;
  if (name == "minmax") return Method::minmax;
  if (name == "symmetric") return Method::symmetric;
  throw Error(Code::usage, fmt::format("[apply] method: expected zscore, minmax or symmetric, got '{}'", name));
}

Scaling scaling_of(const StatisticsFile& file, Method method, const SourceInfo& data, int channel_axis, double eps) {
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
    const double second = by_deviation ? deviation(meant.std, eps * file.scale() * file.scale()) : *summary.max;
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
  const double full = data.scale();
  Scaling scaling;
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t constant = preset.channels == 1 ? 0 : c;
    scaling.first.push_back(preset.mean[constant] * full);
    scaling.second.push_back(preset.std[constant] * full);
  }
  return scaling;
}

DType default_output(ValueType data) noexcept { return data.is_integer() ? DType::f32 : data.dtype(); }

void check_output(DType y) {
  if (y == DType::u8) throw Error(Code::usage, "[apply] dtype: expected f32, f64, bf16 or f16, got u8");
}

bool maps_directly(DType x, DType y) noexcept {
  if (x == DType::u8) return y != DType::f64;
  return x == y || (y == DType::f32 && size_of(x) == 2);
}

// Where the samples are the channels, a block holds some of them whole.
Dims BlockChannels::shape(std::int64_t values) const {
  if (axis_ < 0) return {values / sample_, 1, sample_};
  if (axis_ == 0) return {1, values / sample_, sample_};
  return {values / (layout_.channels * layout_.inner), layout_.channels, layout_.inner};
}

void apply(DataSource& source, const Scaling& scaling, int channel_axis, DType y, NpyWriter& output, Context& context,
           Fingerprint* content) {
  check_output(y);
  ScaledBlocks blocks(source.info(), scaling, channel_axis, y, context);
  map_blocks(source, blocks, output, context, content);
}

}  // namespace poise
