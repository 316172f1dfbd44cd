#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include <poise/export.h>

namespace poise {

inline constexpr int max_rank = 8;

// Up to eight integers held in place: the sizes or strides of a tensor, or a list of axes. More than eight throws.
class POISE_API Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<std::int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const std::int64_t> values);

  int size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::int64_t operator[](int i) const noexcept { return values_[static_cast<std::size_t>(i)]; }
  std::int64_t& operator[](int i) noexcept { return values_[static_cast<std::size_t>(i)]; }
  const std::int64_t* begin() const noexcept { return values_.data(); }
  const std::int64_t* end() const noexcept { return values_.data() + size_; }
  void push_back(std::int64_t value);
  // The product of all values; 1 when empty.
  std::int64_t product() const noexcept;
  // "2x3x4".
  std::string str() const;
  friend bool operator==(const Dims& a, const Dims& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<std::int64_t, max_rank> values_{};
  int size_ = 0;
};

// Row-major strides, in elements, of these sizes.
POISE_API Dims contiguous_strides(const Dims& sizes);
// The strides of logical sizes N, C, ... whose channels lie innermost in memory (NHWC and its kin).
POISE_API Dims channels_last_strides(const Dims& sizes);

}  // namespace poise
