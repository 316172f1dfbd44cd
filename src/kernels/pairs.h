#pragma once

#include <poise/dtype.h>

#include <cstdint>

#include "kernels/kernels.h"

namespace poise {

// The compiled set, in one list: every pair of stored types that some technique maps between, and the types with a
// fused loop. Loops is a template of static functions, one struct per instruction set.
constexpr int index_of(DType type) noexcept { return static_cast<int>(type); }

template <template <class, class> class Map, class Table>
void fill_maps(Table& table) {
#define POISE_PAIR(X, Y) table[index_of(DTypeOf<X>::value)][index_of(DTypeOf<Y>::value)] = &Map<X, Y>::run
  POISE_PAIR(float, float);
  POISE_PAIR(double, double);
  POISE_PAIR(bfloat16, bfloat16);
  POISE_PAIR(float16, float16);
  POISE_PAIR(bfloat16, float);
  POISE_PAIR(float16, float);
  POISE_PAIR(float, bfloat16);
  POISE_PAIR(float, float16);
  POISE_PAIR(std::uint8_t, float);
  POISE_PAIR(std::uint8_t, bfloat16);
  POISE_PAIR(std::uint8_t, float16);
  POISE_PAIR(float, std::uint8_t);
  POISE_PAIR(bfloat16, std::uint8_t);
  POISE_PAIR(float16, std::uint8_t);
#undef POISE_PAIR
}

// From float to every type that it may become.
template <template <class> class Map, class Table>
void fill_float_maps(Table& table) {
  table[index_of(DType::f32)] = &Map<float>::run;
  table[index_of(DType::bf16)] = &Map<bfloat16>::run;
  table[index_of(DType::f16)] = &Map<float16>::run;
  table[index_of(DType::u8)] = &Map<std::uint8_t>::run;
}

template <template <class> class Measure, class Table>
void fill_measures(Table& table) {
  table[index_of(DType::f32)] = &Measure<float>::run;
  table[index_of(DType::f64)] = &Measure<double>::run;
  table[index_of(DType::bf16)] = &Measure<bfloat16>::run;
  table[index_of(DType::f16)] = &Measure<float16>::run;
  table[index_of(DType::u8)] = &Measure<std::uint8_t>::run;
}

// Where elements are moved and not computed with, their size is all that counts.
template <template <class> class Move, class Table>
void fill_moves(Table& table) {
  table[index_of(DType::f32)] = &Move<std::uint32_t>::run;
  table[index_of(DType::f64)] = &Move<std::uint64_t>::run;
  table[index_of(DType::bf16)] = table[index_of(DType::f16)] = &Move<std::uint16_t>::run;
  table[index_of(DType::u8)] = &Move<std::uint8_t>::run;
}

template <template <class> class Fused, class Table>
void fill_fused(Table& table) {
  table[index_of(DType::f32)] = &Fused<float>::run;
  table[index_of(DType::f64)] = &Fused<double>::run;
  table[index_of(DType::bf16)] = &Fused<bfloat16>::run;
  table[index_of(DType::f16)] = &Fused<float16>::run;
}

}  // namespace poise
