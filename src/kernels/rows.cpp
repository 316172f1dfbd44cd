// The row loops of every SIMD instruction set that this compiler can make.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/pairs.h"
#include "kernels/rows-inl.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

template <class X>
struct Measure {
  static void run(MeasureStreams& m, std::int64_t length) { rows<X, X, true, false, false>(nullptr, &m, length); }
};
template <class X>
struct Range {
  static void run(MeasureStreams& m, std::int64_t length) {
    for (int k = 0; k < m.count; ++k) range_one(static_cast<const X*>(m.x[k]), length, m.s[k], m.q[k]);
  }
};
template <class X, class Y>
struct Map {
  static void run(const MapStreams& m, std::int64_t length) {
    if (m.per_element) {
      rows<X, Y, false, true, true>(&m, nullptr, length);
    } else {
      rows<X, Y, false, true, false>(&m, nullptr, length);
    }
  }
};
template <class X>
struct Fused {
  static void run(const MapStreams& map, MeasureStreams& measure, std::int64_t length) {
    if (map.per_element) {
      rows<X, X, true, true, true>(&map, &measure, length);
    } else {
      rows<X, X, true, true, false>(&map, &measure, length);
    }
  }
};

void fill_rows(Kernels& kernels) noexcept {
  fill_measures<Measure>(kernels.measure_rows);
  fill_measures<Range>(kernels.range_rows);
  fill_maps<Map>(kernels.map_rows);
  fill_fused<Fused>(kernels.fused_rows);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_rows(Target target, Kernels& kernels) noexcept { POISE_FOR_TARGET(target, fill_rows, kernels); }

}  // namespace poise
#endif
