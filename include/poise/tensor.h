#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <poise/dims.h>
#include <poise/dtype.h>
#include <poise/export.h>

namespace poise {

// Pointer, type, sizes and strides in elements; owns nothing. Strides of inputs may be 0 (broadcast) or negative
// (reversed); of outputs neither 0 (where the size exceeds 1) nor overlapping. Empty (no data, rank 0) means absent.
template <class Void>
class View {
 public:
  View() = default;
  View(Void* data, DType dtype, Dims sizes) : View(data, dtype, sizes, contiguous_strides(sizes)) {}
  View(Void* data, DType dtype, Dims sizes, Dims strides)
      : data_(data), dtype_(dtype), sizes_(sizes), strides_(strides), absent_(false) {}
  template <class T>
  requires(std::is_const_v<Void> || !std::is_const_v<T>) View(T* data, Dims sizes)
      : View(data, DTypeOf<std::remove_const_t<T>>::value, sizes) {}
  template <class T>
  requires(std::is_const_v<Void> || !std::is_const_v<T>) View(T* data, Dims sizes, Dims strides)
      : View(data, DTypeOf<std::remove_const_t<T>>::value, sizes, strides) {}
  // A mutable view is a const view.
  template <class Other>
  requires(std::is_const_v<Void> && !std::is_const_v<Other>)
      View(const View<Other>& o)  // NOLINT(google-explicit-constructor)
      : data_(o.data()), dtype_(o.dtype()), sizes_(o.sizes()), strides_(o.strides()), absent_(!o.present()) {}

  bool present() const noexcept { return !absent_; }
  Void* data() const noexcept { return data_; }
  DType dtype() const noexcept { return dtype_; }
  int rank() const noexcept { return sizes_.size(); }
  const Dims& sizes() const noexcept { return sizes_; }
  const Dims& strides() const noexcept { return strides_; }
  std::int64_t size(int axis) const noexcept { return sizes_[axis]; }
  std::int64_t stride(int axis) const noexcept { return strides_[axis]; }
  std::int64_t elements() const noexcept { return sizes_.product(); }

 private:
  Void* data_ = nullptr;
  DType dtype_ = DType::f32;
  Dims sizes_;
  Dims strides_;
  bool absent_ = true;
};
using TensorView = View<void>;
using ConstTensorView = View<const void>;

// Owns 64-byte aligned memory, dense and zeroed. Converts to views, which must not outlive it.
class POISE_API Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, Dims sizes) : Tensor(dtype, sizes, contiguous_strides(sizes)) {}
  // strides: a dense permutation of the sizes, such as channels_last_strides(sizes).
  Tensor(DType dtype, Dims sizes, Dims strides);
  // What was moved from is absent, like Tensor().
  Tensor(Tensor&& from) noexcept : memory_(std::move(from.memory_)), view_(std::exchange(from.view_, {})) {}
  Tensor& operator=(Tensor&& from) noexcept {
    memory_ = std::move(from.memory_);
    view_ = std::exchange(from.view_, {});
    return *this;
  }

  TensorView view() const noexcept { return view_; }
  operator TensorView() const noexcept { return view_; }       // NOLINT(google-explicit-constructor)
  operator ConstTensorView() const noexcept { return view_; }  // NOLINT(google-explicit-constructor)
  template <class T>
  T* data() const noexcept {
    return static_cast<T*>(view_.data());
  }
  const Dims& sizes() const noexcept { return view_.sizes(); }
  DType dtype() const noexcept { return view_.dtype(); }
  std::int64_t elements() const noexcept { return view_.elements(); }
  std::size_t bytes() const noexcept { return static_cast<std::size_t>(elements()) * size_of(dtype()); }

 private:
  struct Free {
    void operator()(void* p) const noexcept;
  };
  std::unique_ptr<void, Free> memory_;
  TensorView view_;
};

}  // namespace poise
