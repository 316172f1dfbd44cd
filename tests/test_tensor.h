#pragma once

// Memory for tests: any type, any layout, at any address, with sentinels in every byte that is no element.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "array.h"

namespace poise::test {

// How the logical sizes lie in memory. sliced: cut from a larger row-major tensor, gaps on every axis. stepped: every
// second element. transposed: the first axis innermost. reversed: every stride negative. broadcast: axis 0 has stride 0
// (inputs only).
enum class Layout { contiguous, channels_last, sliced, stepped, transposed, reversed, broadcast };
inline constexpr Layout all_layouts[] = {Layout::contiguous, Layout::channels_last, Layout::sliced,   Layout::stepped,
                                         Layout::transposed, Layout::reversed,      Layout::broadcast};
const char* name_of(Layout layout) noexcept;

inline constexpr DType floating_types[] = {DType::f32, DType::f64, DType::bf16, DType::f16};
inline constexpr bool is_floating(DType type) noexcept { return type != DType::u8; }

// v as this type stores it: to nearest even, beyond the largest to infinity (u8: clamped). Written from the formats'
// definition, not with the library's conversions, which it judges.
Real rounded(Real v, DType type);
Real load(const void* p, DType type);
void store(void* p, DType type, Real v);

class TestTensor {
 public:
  // What fills the bytes that are no element: NaN of every floating type around inputs, so that reading past the end
  // shows; another pattern around outputs, so that a NaN carried there shows too.
  enum class Role : unsigned char { input = 0xFF, output = 0xA5 };

  TestTensor() = default;
  TestTensor(DType type, const Dims& sizes, Layout layout = Layout::contiguous, Role role = Role::output,
             int elements_off_alignment = 0);
  TestTensor(DType type, const Array& values, Layout layout = Layout::contiguous, Role role = Role::input,
             int elements_off_alignment = 0);
  TestTensor(TestTensor&&) = default;
  TestTensor& operator=(TestTensor&&) = default;

  TensorView view() const noexcept { return view_; }
  operator TensorView() const noexcept { return view_; }       // NOLINT(google-explicit-constructor)
  operator ConstTensorView() const noexcept { return view_; }  // NOLINT(google-explicit-constructor)

  void write(const Array& values);
  Array read() const;
  // The elements' bytes in row-major order, and those of all memory: equal bits are equal results.
  std::vector<std::byte> bits() const;
  void put(const std::vector<std::byte>& bits);
  const std::vector<std::byte>& memory() const noexcept { return memory_; }
  // Whether every byte that is no element still holds what it was filled with.
  bool sentinels_intact() const;

 private:
  std::vector<std::byte> memory_;
  std::byte fill_{};
  TensorView view_;
};

Array read(ConstTensorView view);

// Deterministic random values: the same on every machine and in every run.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() noexcept;
  double uniform() noexcept;  // in (0, 1)
  double normal() noexcept;   // mean 0, std 1
 private:
  std::uint64_t state_;
};

// Normal values of this mean and std as the type stores them; u8: 0 to 255 whatever is asked.
Array random_values(const Dims& sizes, DType type, std::uint64_t seed, double mean = 0.5, double std = 2);

}  // namespace poise::test
