#pragma once

// A tensor as the oracle sees it: logical sizes and values in row-major order, however they lie in memory, and the type
// that they are stored in.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <poise/tensor.h>

namespace poise::test {

using Real = long double;
using Keys = std::vector<std::size_t>;

struct Array {
  Array() = default;
  explicit Array(Dims dims, Real value = 0, DType stored = DType::f32)
      : sizes(dims), values(static_cast<std::size_t>(dims.product()), value), type(stored) {}

  std::size_t size() const noexcept { return values.size(); }
  bool empty() const noexcept { return values.empty(); }
  Real operator[](std::size_t i) const { return values[i]; }
  Real& operator[](std::size_t i) { return values[i]; }

  Dims sizes;
  std::vector<Real> values;
  DType type = DType::f32;
};

// Calls visit(i) with every multi-index of these sizes, the last axis fastest.
template <class Visit>
void for_each_index(const Dims& sizes, Visit visit) {
  Dims index;
  for (int axis = 0; axis < sizes.size(); ++axis) index.push_back(0);
  for (std::int64_t left = sizes.product(); left > 0; --left) {
    visit(static_cast<const Dims&>(index));
    for (int axis = sizes.size() - 1; axis >= 0 && ++index[axis] == sizes[axis]; --axis) index[axis] = 0;
  }
}

inline int positive(int axis, int rank) noexcept { return axis < 0 ? axis + rank : axis; }
Dims positive(const Dims& axes, int rank);

// The sizes of these axes, in order, and the axes that are not among them, in ascending order.
Dims sizes_of(const Dims& sizes, const Dims& axes);
Dims other_axes(const Dims& axes, int rank);

// For every element, the row-major position of its index along these axes alone.
Keys keys_along(const Dims& sizes, const Dims& axes);

}  // namespace poise::test
