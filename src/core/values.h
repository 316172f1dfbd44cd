#pragma once

#include <poise/tensor.h>

#include <algorithm>

#include "core/element.h"

namespace poise {

// A small operand or result of any floating type and any strides, by row-major index. Absent: get gives the default,
// set does nothing.
class Values {
 public:
  Values() = default;
  explicit Values(const TensorView& view) noexcept : view_(view), writable_(view.data()), dense_(is_dense(view)) {}
  explicit Values(const ConstTensorView& view) noexcept : view_(view), dense_(is_dense(view)) {}

  bool present() const noexcept { return view_.present(); }
  std::int64_t count() const noexcept { return view_.elements(); }
  double get(std::int64_t index, double absent = 0) const noexcept {
    return present() ? element_at(view_.data(), view_.dtype(), offset(index)) : absent;
  }
  void get_many(std::int64_t first, std::int64_t stride, std::int64_t count, double* to) const noexcept {
    if (present() && dense_ && stride == 1 && view_.dtype() == DType::f64) {
      return static_cast<void>(std::copy_n(static_cast<const double*>(view_.data()) + first, count, to));
    }
    for (std::int64_t i = 0; i < count; ++i) to[i] = get(first + i * stride);
  }
  void set(std::int64_t index, double value) const noexcept {
    if (present()) set_element(writable_, view_.dtype(), offset(index), value);
  }
  // The common case without a decision an element.
  void set_all(const double* values) const noexcept {
    const std::int64_t n = present() ? count() : 0;
    if (dense_ && view_.dtype() == DType::f32) {
      for (std::int64_t i = 0; i < n; ++i) static_cast<float*>(writable_)[i] = static_cast<float>(values[i]);
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) set(i, values[i]);
  }

 private:
  static bool is_dense(const ConstTensorView& view) noexcept {
    return view.strides() == contiguous_strides(view.sizes());
  }
  std::int64_t offset(std::int64_t index) const noexcept {
    if (dense_) return index;
    std::int64_t offset = 0;
    for (int i = view_.rank(); i-- > 0;) {
      const std::int64_t k = i > 0 ? index % view_.size(i) : index;
      offset += k * view_.stride(i);
      if (i > 0) index /= view_.size(i);
    }
    return offset;
  }

  ConstTensorView view_;
  void* writable_ = nullptr;
  bool dense_ = true;
};

}  // namespace poise
