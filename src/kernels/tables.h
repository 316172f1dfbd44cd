#pragma once

#include <hwy/highway.h>

#include "kernels/kernels.h"

// Calls N_<set>::function(argument) for the given Target, where that set was compiled; the last is the baseline.
#if HWY_TARGETS & HWY_AVX3
#define POISE_CASE_AVX512(target, function, argument) \
  if ((target) == Target::avx512) return N_AVX3::function(argument);
#else
#define POISE_CASE_AVX512(target, function, argument)
#endif
#if HWY_TARGETS & HWY_AVX2
#define POISE_CASE_AVX2(target, function, argument) \
  if ((target) == Target::avx2) return N_AVX2::function(argument);
#else
#define POISE_CASE_AVX2(target, function, argument)
#endif
#define POISE_FOR_TARGET(target, function, argument) \
  POISE_CASE_AVX512(target, function, argument)      \
  POISE_CASE_AVX2(target, function, argument)        \
  HWY_STATIC_DISPATCH(function)(argument)

namespace poise {

// What fill_one(target, table) and, for the scalar loops, fill_scalar(table) make, by Target; filled once.
template <class Table>
const Table& table_for(Target target, void (*fill_one)(Target, Table&) noexcept, void (*fill_scalar)(Table&) noexcept) {
  const auto filled = [&](Target t) {
    Table table;
    t == Target::scalar ? fill_scalar(table) : fill_one(t, table);
    return table;
  };
  static const Table tables[] = {filled(Target::scalar), filled(Target::sse4), filled(Target::avx2),
                                 filled(Target::avx512)};
  return tables[static_cast<int>(target)];
}

void fill_rows(Target target, Kernels& kernels) noexcept;
void fill_columns(Target target, Kernels& kernels) noexcept;
void fill_pixels(Target target, Kernels& kernels) noexcept;
void fill_local_response(Target target, Kernels& kernels) noexcept;
void fill_scalar(Kernels& kernels) noexcept;
void fill_scalar_local_response(Kernels& kernels) noexcept;

}  // namespace poise
