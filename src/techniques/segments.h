#pragma once

// Statistics by label: one masked pass a label, which leaves the places of other labels as they are.

#include <bitset>

#include "techniques/backward.h"

namespace poise {

// A label map, laid out as x is, and the labels that occur in it.
struct Segments {
  ConstTensorView labels;
  std::bitset<256> found;
};

// Checks the labels of a tensor of these sizes. An axis of size 1 holds for all of the tensor's. Explaining reads none.
Segments segments_of(Call& call, const char* name, const ConstTensorView& labels, std::int64_t label_count,
                     const Dims& sizes);
void check_label_count(const Call& call, std::int64_t label_count);

// From now on elements count where their label is the job's.
void take_labels(Job& job, const ConstTensorView& labels) noexcept;

// The cells' shape with an axis more, and what belongs to one label of a tensor of that shape.
inline Dims with_labels(Dims cells, std::int64_t label_count) {
  cells.push_back(label_count);
  return cells;
}
template <class View>
View of_label(const View& all, std::int64_t label) {
  if (!all.present()) return {};
  Dims sizes, strides;
  for (int i = 0; i + 1 < all.rank(); ++i) {
    sizes.push_back(all.size(i));
    strides.push_back(all.stride(i));
  }
  const std::int64_t first = label * all.stride(all.rank() - 1);
  auto* data =
      static_cast<std::conditional_t<std::is_same_v<View, TensorView>, std::byte, const std::byte>*>(all.data());
  return {data + first * static_cast<std::int64_t>(size_of(all.dtype())), all.dtype(), sizes, strides};
}

// How many elements of the job's label each cell has.
void count_label(const Job& job, double* counts, Context& context);

// What is saved of one label, or else measured again.
Saved saved_of_label(Call& call, const Saved& saved, std::int64_t label, const Dims& cells, const Deviation& deviation);

// Instance norm by label. The call is validated but for its labels and one value a label.
struct SegmentOptions {
  ConstTensorView labels;
  std::int64_t label_count = 256;
  OneValue one_value = OneValue::error;
  Deviation deviation;
};
void normalize_segments(Call& call, const SegmentOptions& o, const Dims& cells, const Saved& results);
void normalize_segments_backward(Call& call, const SegmentOptions& o, const Dims& cells, const Saved& saved);

}  // namespace poise
