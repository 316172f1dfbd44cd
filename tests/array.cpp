#include "array.h"

#include <algorithm>

namespace poise::test {

Dims positive(const Dims& axes, int rank) {
  Dims result;
  for (const auto axis : axes) result.push_back(positive(static_cast<int>(axis), rank));
  return result;
}

Dims sizes_of(const Dims& sizes, const Dims& axes) {
  Dims result;
  for (const auto axis : axes) result.push_back(sizes[static_cast<int>(axis)]);
  return result;
}

Dims other_axes(const Dims& axes, int rank) {
  Dims result;
  for (int axis = 0; axis < rank; ++axis) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) result.push_back(axis);
  }
  return result;
}

Keys keys_along(const Dims& sizes, const Dims& axes) {
  Keys keys;
  keys.reserve(static_cast<std::size_t>(sizes.product()));
  for_each_index(sizes, [&](const Dims& index) {
    std::int64_t key = 0;
    for (const auto axis : axes) key = key * sizes[static_cast<int>(axis)] + index[static_cast<int>(axis)];
    keys.push_back(static_cast<std::size_t>(key));
  });
  return keys;
}

}  // namespace poise::test
