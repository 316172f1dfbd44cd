#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <poise/context.h>
#include <poise/preset.h>

#include "data/channel_layout.h"
#include "data/data_source.h"
#include "data/statistics_file.h"
#include "io/npy.h"

namespace poise {

enum class Method : std::uint8_t { zscore, minmax, symmetric };

// Error{usage} for any other name.
Method method_named(std::string_view name);

// The constants that a data set is scaled by, one pair a channel, in the data's raw values.
struct Scaling {
  Method method = Method::zscore;
  std::vector<double> first, second;  // mean and std, or min and max
  // Constant in the statistics: their scale is 1.
  std::vector<std::int64_t> constant_channels;
};

// eps is added to the variance, of values in [0, 1] where the data is integer; z-score only.
// Statistics of 8-bit data fit 8-bit data only, those of floats floats only: Error{refused}. Error{shape} when the
// channels differ, Error{data} when a channel has no values.
Scaling scaling_of(const StatisticsFile& file, Method method, const SourceInfo& data, int channel_axis, double eps = 0);
// Error{shape} when the channels differ; a preset of one channel fits any.
Scaling scaling_of(const Preset& preset, const SourceInfo& data, int channel_axis);

// What an output's type is where nobody says: f32 for integers, else the data's.
DType default_output(ValueType data) noexcept;

// Error{usage} unless y is floating.
void check_output(DType y);

// The types that Poise's scaling maps between at once.
bool maps_directly(DType x, DType y) noexcept;

// Blocks of samples seen as (outer, channels, inner).
class BlockChannels {
 public:
  BlockChannels(const SourceInfo& data, int channel_axis)
      : axis_(channel_axis), sample_(data.sample_values()), layout_(channel_layout(data.shape, channel_axis)) {}
  Dims shape(std::int64_t values) const;
  // The first channel of a block that starts with this sample.
  std::size_t first(std::int64_t sample) const { return axis_ == 0 ? static_cast<std::size_t>(sample) : 0; }

 private:
  int axis_;
  std::int64_t sample_;
  ChannelLayout layout_;
};

// Scales a data set block by block into an output of its shape, in bounded memory; y's type is floating. Sets the
// context's threads and store policy to what suits blocks. content, where given, becomes the data's fingerprint.
void apply(DataSource& source, const Scaling& scaling, int channel_axis, DType y, NpyWriter& output, Context& context,
           Fingerprint* content = nullptr);

}  // namespace poise
