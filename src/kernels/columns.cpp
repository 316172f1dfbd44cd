// The column loops of every SIMD instruction set that this compiler can make.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/columns.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/columns-inl.h"
#include "kernels/pairs.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

template <class X>
struct Measure {
  static void run(const MeasureColumns& m) { measure_columns<ColumnMoment, X>(m); }
};
template <class X>
struct Range {
  static void run(const MeasureColumns& m) { measure_columns<ColumnRange, X>(m); }
};
template <class X, class Y>
struct Map {
  static void run(const MapColumns& m) {
    switch (m.mode) {
      case ColumnGamma::none:
        return map_columns<X, Y, ColumnGamma::none>(m);
      case ColumnGamma::row:
        return map_columns<X, Y, ColumnGamma::row>(m);
      case ColumnGamma::element:
        return map_columns<X, Y, ColumnGamma::element>(m);
    }
  }
};

void fill_columns(Kernels& kernels) noexcept {
  fill_measures<Measure>(kernels.measure_columns);
  fill_measures<Range>(kernels.range_columns);
  fill_maps<Map>(kernels.map_columns);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_columns(Target target, Kernels& kernels) noexcept { POISE_FOR_TARGET(target, fill_columns, kernels); }

}  // namespace poise
#endif
