#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <poise/context.h>
#include <poise/preset.h>

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

// Statistics of 8-bit data fit 8-bit data only, those of floats floats only: Error{refused}. Error{shape} when the
// channels differ, Error{data} when a channel has no values.
Scaling scaling_of(const StatisticsFile& file, Method method, const SourceInfo& data, int channel_axis);
// Error{shape} when the channels differ; a preset of one channel fits any.
Scaling scaling_of(const Preset& preset, const SourceInfo& data, int channel_axis);

// What an output's type is where nobody says: f32 for 8-bit data, else the data's.
DType default_output(DType data) noexcept;

// Scales a data set block by block into an output of its shape, in bounded memory; y's type is floating. Sets the
// context's threads and store policy to what suits blocks.
void apply(DataSource& source, const Scaling& scaling, int channel_axis, DType y, NpyWriter& output, Context& context);

}  // namespace poise
