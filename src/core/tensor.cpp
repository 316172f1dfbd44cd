#include <fmt/format.h>
#include <poise/error.h>
#include <poise/tensor.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>

namespace poise {

namespace {

constexpr std::size_t alignment = 64;

void check_rank(std::size_t values) {
  if (values > max_rank) {
    throw Error(Code::shape, fmt::format("[tensor] dims: expected at most {} values, got {}", max_rank, values));
  }
}

// Saturates, so that the sizes of a lying file are refused by their product and not by undefined behaviour.
std::int64_t times(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

// Strides of sizes as they lie in memory, the axes given from the outermost to the innermost.
Dims packed_strides(const Dims& sizes, std::span<const int> order) {
  Dims strides = sizes;
  std::int64_t step = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    strides[*axis] = step;
    step = times(step, std::max<std::int64_t>(sizes[*axis], 1));
  }
  return strides;
}

std::array<int, max_rank> axes_in_order() {
  std::array<int, max_rank> axes{};
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

// Dense: from the innermost axis outwards, each steps exactly over those inside it. Axes of size 1 step over nothing,
// and a tensor without elements has no memory to lie in.
bool dense(const Dims& sizes, const Dims& strides) {
  if (sizes.size() != strides.size()) return false;
  const auto axes = axes_in_order();
  const std::span<const int> used = std::span(axes).first(static_cast<std::size_t>(sizes.size()));
  const std::int64_t elements = sizes.product();
  std::int64_t step = 1;
  while (step < elements) {
    const auto next = std::find_if(used.begin(), used.end(), [&](int a) { return sizes[a] > 1 && strides[a] == step; });
    if (next == used.end()) return false;
    step *= sizes[*next];
  }
  return true;
}

std::size_t bytes_of(DType dtype, const Dims& sizes) {
  if (std::any_of(sizes.begin(), sizes.end(), [](std::int64_t size) { return size < 0; })) {
    throw Error(Code::shape, fmt::format("[tensor] sizes: expected none below 0, got {}", sizes.str()));
  }
  const auto limit = std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(2 * alignment);
  if (sizes.product() > limit) {
    throw Error(Code::memory, fmt::format("[tensor] sizes: expected what fits in memory, got {}", sizes.str()));
  }
  return static_cast<std::size_t>(sizes.product()) * size_of(dtype);
}

}  // namespace

Dims::Dims(std::span<const std::int64_t> values) : size_(static_cast<int>(std::min<std::size_t>(values.size(), 8))) {
  check_rank(values.size());
  std::copy(values.begin(), values.end(), values_.begin());
}

void Dims::push_back(std::int64_t value) {
  check_rank(static_cast<std::size_t>(size_) + 1);
  values_[static_cast<std::size_t>(size_++)] = value;
}

std::int64_t Dims::product() const noexcept {
  if (std::find(begin(), end(), 0) != end()) return 0;
  return std::accumulate(begin(), end(), std::int64_t{1}, times);
}

std::string Dims::str() const { return fmt::format("{}", fmt::join(begin(), end(), "x")); }

Dims contiguous_strides(const Dims& sizes) {
  const auto order = axes_in_order();
  return packed_strides(sizes, std::span(order).first(static_cast<std::size_t>(sizes.size())));
}

Dims channels_last_strides(const Dims& sizes) {
  std::array<int, max_rank> order = axes_in_order();
  if (sizes.size() > 2) std::rotate(order.begin() + 1, order.begin() + 2, order.begin() + sizes.size());
  return packed_strides(sizes, std::span(order).first(static_cast<std::size_t>(sizes.size())));
}

Tensor::Tensor(DType dtype, Dims sizes, Dims strides) {
  const std::size_t bytes = bytes_of(dtype, sizes);
  if (!dense(sizes, strides)) {
    throw Error(Code::shape, fmt::format("[tensor] strides: expected a dense permutation of {}, got {}", sizes.str(),
                                         strides.str()));
  }
  // Never of zero bytes: an empty tensor still has an address.
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  memory_.reset(std::aligned_alloc(alignment, rounded));
  if (!memory_) throw Error(Code::memory, fmt::format("[tensor] memory: expected {} bytes, got none", rounded));
  std::memset(memory_.get(), 0, rounded);
  view_ = TensorView(memory_.get(), dtype, sizes, strides);
}

void Tensor::Free::operator()(void* p) const noexcept { std::free(p); }

}  // namespace poise
