#pragma once

#include <poise/tensor.h>

namespace poise {

// Whether some byte belongs to both views. Exact: interleaved views that share no element pass. (A search so long that
// it is given up counts as shared; the strides of real layouts never come near it.)
bool share_memory(const ConstTensorView& a, const ConstTensorView& b) noexcept;

// Whether no two indices of the view name the same element, provided its strides nest as those of every permutation
// and slice of a dense tensor do; strides that do not nest count as overlapping.
bool elements_distinct(const ConstTensorView& view) noexcept;

// The same memory, type, sizes and strides.
inline bool same_place(const ConstTensorView& a, const ConstTensorView& b) noexcept {
  return a.data() == b.data() && a.dtype() == b.dtype() && a.sizes() == b.sizes() && a.strides() == b.strides();
}

}  // namespace poise
