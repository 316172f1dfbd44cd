#pragma once

#include <poise/options.h>

namespace poise {

// Over what the statistics of input scaling run, besides the positions: all samples of the tensor (data_set), each
// sample alone (image), or all samples at each position and channel alone (pixel). Axis 0 is the sample.
enum class Per : std::uint8_t { data_set, image, pixel };

// Each may be absent. float64, the shape of the kept axes: data_set (C), image (N, C) or (N) without a channel axis,
// pixel the shape of a sample. y = (x - center) * scale + shift, which invert_scaling undoes.
struct ScalingResults {
  TensorView center = {}, scale = {};
};

// x = (y - shift) / scale + center, with center and scale as a scaling's results say; the shift is a constant of the
// technique (0 for z-score, low for min-max). y, x: as in the forward call, y's dtype
// floating; x may also be u8: rounded to nearest even and clamped to 0..255.
struct InvertOptions {
  Per per = Per::data_set;
  int channel_axis = 1;  // -1: none, all channels together
  ConstTensorView center = {}, scale = {};
  double shift = 0;
};
POISE_API void invert_scaling(TensorView x, ConstTensorView y, const InvertOptions& options,
                              Context& context = default_context());

}  // namespace poise
