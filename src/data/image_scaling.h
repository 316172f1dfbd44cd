#pragma once

#include "data/apply.h"

namespace poise {

// Each image scaled by its own statistics, which are nobody else's: nothing leaks, and nothing undoes it.
struct ImageScaling {
  Method method = Method::zscore;
  int channel_axis = -1;  // -1: all values of an image together; never 0
  double eps = 0;         // z-score: added to the variance of raw values
};

// Returns how many images, or channels of images, are constant: their scale is 1.
std::uint64_t apply_per_image(DataSource& source, const ImageScaling& scaling, DType y, NpyWriter& output,
                              Context& context);

}  // namespace poise
