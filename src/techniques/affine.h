#pragma once

#include <poise/technique.h>

#include "core/call.h"

namespace poise {

// gamma, beta, their form and the mask: what every normalization of activations takes alike. `axes`: those of the
// operands where the options name none.
template <class Options>
Dims gamma_axes_of(const Call& call, const Options& o, const Dims& axes) {
  return o.gamma_axes.empty() ? axes : call.axes("gamma_axes", o.gamma_axes);
}

template <class Options>
Dims gamma_shape(const Options& o, const char* technique, const Dims& x, const Dims& axes) {
  return sizes_at(x, o.gamma_axes.empty() ? axes : front_axes(technique, "gamma_axes", o.gamma_axes, x.size()));
}

template <class Options>
void take_affine(Call& call, const Options& o, const Dims& axes) {
  call.affine(o.gamma, o.beta, gamma_axes_of(call, o, axes));
  call.gamma_offset(o.gamma_offset);
  call.mask(o.mask);
  call.epilogue(o.epilogue);
  call.non_finite(o.non_finite);
}

template <class Options>
void take_affine(Call& call, const Options& o, const Gradients& gradients, const Dims& axes) {
  const Dims gamma_axes = gamma_axes_of(call, o, axes);
  call.affine_gradients(o.gamma, gradients, gamma_axes);
  call.gamma_offset(o.gamma_offset);
  call.mask(o.mask);
  call.epilogue(o.epilogue, gradients.dresidual, o.beta, gamma_axes);
  call.non_finite(o.non_finite);
}

inline Mask mask_of(const Parameters& p) noexcept {
  return {p.mask, p.masked, p.lengths, static_cast<int>(p.length_axis)};
}

// The shape of statistics a cell, where labels have their own.
inline Dims segment_shape(Dims cells, const Parameters& p) {
  if (p.labels.present()) cells.push_back(p.label_count);
  return cells;
}

// The epilogue that the parameters of the table say.
inline Epilogue epilogue_of(const Parameters& p) {
  Epilogue e;
  e.residual = p.residual;
  e.sum = p.sum;
  e.residual_after = p.residual_after;
  e.activation = p.activation;
  e.slope = p.slope;
  e.y = p.y;
  return e;
}

}  // namespace poise
