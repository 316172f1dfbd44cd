#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include <poise/tensor.h>

namespace poise {

// What a dim is to the statistics: each index its own cell, units of one cell (measured apart, merged), or elements of
// one unit.
enum class Role : std::uint8_t { cell, merged, reduced };

// One dim of the problem: its size, its role and the strides, in elements, of everything that runs along it. `cell` is
// the stride of the cell's row-major index in the caller's order of axes.
struct Dim {
  std::int64_t size = 1;
  Role role = Role::reduced;
  std::int64_t x = 0, y = 0, gamma = 0, beta = 0, cell = 0;
};

struct Offsets {
  std::int64_t x = 0, y = 0, gamma = 0, beta = 0, cell = 0;
};

// How a tensor's dims split into kept and reduced, as sizes and strides. Group norm splits its channel axis in two, so
// one dim more than a tensor's rank fits.
class Partition {
 public:
  static constexpr int capacity = max_rank + 1;

  void add(const Dim& dim) noexcept { dims_[static_cast<std::size_t>(rank_++)] = dim; }
  std::span<Dim> dims() noexcept { return {dims_.data(), static_cast<std::size_t>(rank_)}; }
  std::span<const Dim> dims() const noexcept { return {dims_.data(), static_cast<std::size_t>(rank_)}; }
  bool empty() const noexcept { return rank_ == 0; }
  const Dim& inner() const noexcept { return dims_[static_cast<std::size_t>(rank_ - 1)]; }

  // Drops dims of size 1, orders the others by the output's strides (outermost first) and joins neighbours that every
  // operand steps through alike. The result describes the same elements.
  void compress() noexcept;

  std::int64_t elements() const noexcept;
  // The product of the sizes of the dims of this role.
  std::int64_t count(Role role) const noexcept;

 private:
  std::array<Dim, capacity> dims_{};
  int rank_ = 0;
};

std::int64_t elements(std::span<const Dim> dims) noexcept;

// Where the index-th element of these dims lies, counted with the last dim fastest.
Offsets offsets_at(std::span<const Dim> dims, std::int64_t index) noexcept;

inline Offsets operator+(const Offsets& a, const Offsets& b) noexcept {
  return {a.x + b.x, a.y + b.y, a.gamma + b.gamma, a.beta + b.beta, a.cell + b.cell};
}

}  // namespace poise
