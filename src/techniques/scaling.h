#pragma once

#include <poise/scaling.h>

#include "core/call.h"
#include "techniques/describe.h"
#include "techniques/normalize.h"

namespace poise {

// Which axes keep their own scaling. A negative channel axis means that all channels share it.
inline Dims scaling_axes(const char* technique, Per per, int channel_axis, int rank) {
  Dims kept;
  if (per == Per::image) kept.push_back(0);
  if (per == Per::pixel) {
    for (std::int64_t i = 1; i < rank; ++i) kept.push_back(i);
  } else if (channel_axis >= 0) {
    kept.push_back(channel_axis);
  }
  return front_axes(technique, "channel_axis", kept, rank);
}

// What scaling by a center and a scale a cell needs besides them: results kept, a constant cell given scale 1.
class ScalingMerge : public Merge {
 protected:
  ScalingMerge(const ScalingResults& results, double shift) noexcept
      : center_(results.center), scale_(results.scale), shift_(shift) {}
  ~ScalingMerge() = default;

  CellAffine scaled(std::int64_t cell, double center, double center_lo, double scale) const noexcept {
    const double kept = scale == 0 ? 1 : scale;
    center_.set(cell, center);
    scale_.set(cell, kept);
    return {center, center_lo, kept, shift_};
  }

 private:
  Values center_, scale_;
  double shift_;
};

// Prepares a scaling call: kept axes, and results of their shape.
inline Dims begin_scaling(Call& call, Per per, int channel_axis, const ScalingResults& results) {
  if (call.rank() == 0) call.fail(Code::shape, "x", "at least one axis", "a scalar");
  const Dims axes = scaling_axes(call.job().technique, per, channel_axis, call.rank());
  const Dims kept = call.sizes_of(axes);
  call.keep(axes);
  call.result("center", results.center, kept, DType::f64, {results.scale});
  call.result("scale", results.scale, kept, DType::f64, {results.center});
  return kept;
}

// Two operands that come together or not at all; true when they are given.
inline bool given_pair(const Call& call, const char* a_name, const ConstTensorView& a, const char* b_name,
                       const ConstTensorView& b, const Dims& sizes) {
  if (a.present() && !b.present()) call.fail(Code::usage, b_name, std::string("one with ") + a_name, "none");
  if (b.present() && !a.present()) call.fail(Code::usage, a_name, std::string("one with ") + b_name, "none");
  call.operand(a_name, a, sizes);
  call.operand(b_name, b, sizes);
  return a.present();
}

// The channel axis that a user names as text: none given is 1, -1 is none.
inline int channel_axis_of(const Parameters& p) {
  return p.channel_axes.empty() ? 1 : static_cast<int>(p.channel_axes[0]);
}

inline Dims scaling_shape(const char* technique, std::string_view operand, std::string_view operands, const Dims& x,
                          const Parameters& p) {
  const Dims axes = scaling_axes(technique, p.per, channel_axis_of(p), x.size());
  return shape_among(technique, operand, {{operands, sizes_at(x, axes)}});
}

}  // namespace poise
