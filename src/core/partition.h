#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <poise/tensor.h>

namespace poise {

// What a dim is to the statistics: each index its own cell, units of one cell (measured apart, merged), or elements of
// one unit.
enum class Role : std::uint8_t { cell, merged, reduced };

// The strides, in elements, of everything that runs along a dim, or offsets along several. y is what is written (dx in
// a backward pass, where dy is read); z is what the epilogue reads besides. cell and param are those of a row-major
// index in the caller's order of axes: of the cell, and of the value of gamma that an element belongs to, where its
// gradient is wanted.
struct Offsets {
  std::int64_t x = 0, y = 0, dy = 0, z = 0, mask = 0, gamma = 0, beta = 0, param = 0, cell = 0;
};

// One dim of the problem: its size, its role and its strides.
struct Dim : Offsets {
  std::int64_t size = 1;
  Role role = Role::reduced;
};

// How a tensor's dims split into kept and reduced, as sizes and strides. Group norm splits its channel axis in two, so
// one dim more than a tensor's rank fits.
class Partition {
 public:
  static constexpr int capacity = max_rank + 1;

  Partition() noexcept {}  // NOLINT(modernize-use-equals-default): it would make all of the dims
  Partition(const Partition& from) noexcept { *this = from; }
  Partition& operator=(const Partition& from) noexcept {
    if (this != &from) std::uninitialized_copy_n(from.dims_, from.rank_, dims_);
    rank_ = from.rank_;
    return *this;
  }

  void add(const Dim& dim) noexcept { std::construct_at(dims_ + rank_++, dim); }
  std::span<Dim> dims() noexcept { return {dims_, static_cast<std::size_t>(rank_)}; }
  std::span<const Dim> dims() const noexcept { return {dims_, static_cast<std::size_t>(rank_)}; }
  bool empty() const noexcept { return rank_ == 0; }
  const Dim& inner() const noexcept { return dims_[static_cast<std::size_t>(rank_ - 1)]; }

  // Drops dims of size 1, orders the others by the output's strides (outermost first) and joins neighbours that every
  // operand steps through alike. The result describes the same elements.
  void compress() noexcept;

  std::int64_t elements() const noexcept;
  // The product of the sizes of the dims of this role.
  std::int64_t count(Role role) const noexcept;

 private:
  // The first rank_ of them exist: a call makes a dozen partitions, and time to set all dims would show in small calls.
  union {
    Dim dims_[capacity];
  };
  int rank_ = 0;
};

std::int64_t elements(std::span<const Dim> dims) noexcept;

inline Offsets operator+(const Offsets& a, const Offsets& b) noexcept {
  return {a.x + b.x,         a.y + b.y,       a.dy + b.dy,       a.z + b.z,      a.mask + b.mask,
          a.gamma + b.gamma, a.beta + b.beta, a.param + b.param, a.cell + b.cell};
}
inline Offsets operator*(std::int64_t k, const Offsets& d) noexcept {
  return {k * d.x, k * d.y, k * d.dy, k * d.z, k * d.mask, k * d.gamma, k * d.beta, k * d.param, k * d.cell};
}

// Where the index-th element of these dims lies, counted with the last dim fastest.
Offsets offsets_along(std::span<const Dim> dims, std::int64_t index) noexcept;
inline Offsets offsets_at(std::span<const Dim> dims, std::int64_t index) noexcept {
  // What cells are asked for most: none, or without a division.
  if (dims.empty()) return {};
  if (dims.size() == 1) return index * dims[0];
  return offsets_along(dims, index);
}

// These dims with the strides of a dense copy in `param`, ordered by their strides in `gamma`, the largest first.
Partition along_gamma(std::span<const Dim> copy) noexcept;

// An operand and its dense copy: calls body(in the operand, in the copy, dim) for every run of a dim, which has the
// strides `gamma` in the operand and `param` in the copy. The operand is walked as it lies.
template <class F>
void for_each_run(std::span<const Dim> copy, F&& body) {
  const Partition dims = along_gamma(copy);
  const Dim inner = dims.empty() ? Dim{} : dims.inner();
  const auto outer = dims.dims().first(dims.empty() ? 0 : dims.dims().size() - 1);
  const std::int64_t runs = elements(outer);
  for (std::int64_t r = 0; r < runs; ++r) {
    const Offsets at = offsets_at(outer, r);
    body(at.gamma, at.param, inner);
  }
}

}  // namespace poise
