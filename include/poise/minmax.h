#pragma once

#include <poise/scaling.h>

namespace poise {

struct MinmaxOptions {
  Per per = Per::data_set;
  int channel_axis = 1;  // -1: none, all channels together
  // Given together: applied; absent: measured on x. Any floating type, the kept shape.
  ConstTensorView min = {}, max = {};
  double low = 0, high = 1;  // what min and max become; low < high
};

// Min-max scaling of input data.
//     y = (x - min) * (high - low) / (max - min) + low      a constant cell (max = min) gets scale 1
// Errors: shapes, axes, min without max, max < min, low >= high (usage).
POISE_API void minmax(TensorView y, ConstTensorView x, const MinmaxOptions& options = {},
                      const ScalingResults& results = {}, Context& context = default_context());

}  // namespace poise
