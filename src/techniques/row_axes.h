#pragma once

#include "core/call.h"
#include "techniques/describe.h"

namespace poise {

// The axes of layer and RMS norm, counted from the front.
struct RowAxes {
  Dims kept, gamma;
};

inline RowAxes row_axes(const Call& call, const Dims& reduced, const Dims& gamma) {
  if (reduced.empty()) call.fail(Code::usage, "axes", "at least one reduced axis", "none");
  const Dims front = call.axes("axes", reduced);
  return {other_axes(front, call.rank()), gamma.empty() ? front : call.axes("gamma_axes", gamma)};
}

inline Dims row_shape(const char* technique, std::string_view operand, const Dims& x, const Dims& reduced,
                      const Dims& gamma) {
  const Dims front = front_axes(technique, "axes", reduced, x.size());
  const Dims along = gamma.empty() ? front : front_axes(technique, "gamma_axes", gamma, x.size());
  return shape_among(technique, operand,
                     {{"gamma beta", sizes_at(x, along)},
                      {"mean rstd", sizes_at(x, other_axes(front, x.size()))},
                      {"mask residual residual_after y", x}});
}

}  // namespace poise
