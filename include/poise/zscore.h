#pragma once

#include <poise/scaling.h>

namespace poise {

struct ZscoreOptions {
  Per per = Per::data_set;
  int channel_axis = 1;  // -1: none, all channels together
  // Given together: applied; absent: measured on x. Any floating type, the kept shape.
  ConstTensorView mean = {}, std = {};
  double eps = 0;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
};

// Standardization of input data.
//     y = (x - mean) * r(var)      a constant cell gets scale 1
// Errors: shapes, axes, mean without std, a std that is not positive (usage), eps < 0.
POISE_API void zscore(TensorView y, ConstTensorView x, const ZscoreOptions& options = {},
                      const ScalingResults& results = {}, Context& context = default_context());

}  // namespace poise
