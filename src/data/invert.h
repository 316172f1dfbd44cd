#pragma once

#include "data/apply.h"

namespace poise {

// Undoes apply: x = (y - shift) / scale + center, in the raw values that the scaling is of; x u8 is rounded to the
// nearest byte. From float32, float64 and, where |y| < 4, float16, 8-bit data comes back as it was.
void invert(DataSource& source, const Scaling& scaling, int channel_axis, ValueType x, NpyWriter& output,
            Context& context);

}  // namespace poise
