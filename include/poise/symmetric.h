#pragma once

#include <poise/scaling.h>

namespace poise {

struct SymmetricOptions {
  Per per = Per::data_set;
  int channel_axis = 1;                // -1: none, all channels together
  ConstTensorView min = {}, max = {};  // given together: applied; absent: measured on x
};

// Scaling of input data to [-1, 1].
//     y = (x - center) * 2 / (max - min)      center = (min + max) / 2; a constant cell gets scale 1
// Errors: as minmax.
POISE_API void symmetric(TensorView y, ConstTensorView x, const SymmetricOptions& options = {},
                         const ScalingResults& results = {}, Context& context = default_context());

}  // namespace poise
