// The backward loops of every SIMD instruction set that this compiler can make.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gradient.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/gradient-inl.h"
#include "kernels/gradient_columns-inl.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

template <class X>
struct MeasureRows {
  static void run(GradientStreams& g, std::int64_t length) {
    if (g.powers) return gradient_measure_rows<X, true>(g, length);
    if (!g.per_element) return gradient_measure_rows<X, false>(g, length);
    g.dgamma[0] == nullptr ? gradient_measure_elements<X, false>(g, length)
                           : gradient_measure_elements<X, true>(g, length);
  }
};
template <class X>
struct MapRows {
  static void run(GradientStreams& g, std::int64_t length) {
    g.per_element ? gradient_map_rows<X, true>(g, length) : gradient_map_rows<X, false>(g, length);
  }
};
template <class X>
struct MeasureGradientColumns {
  static void run(const GradientColumns& g) {
    if (g.p != nullptr) return gradient_measure_columns<X, ColumnGamma::none, true>(g);
    switch (g.mode) {
      case ColumnGamma::none:
        return gradient_measure_columns<X, ColumnGamma::none, false>(g);
      case ColumnGamma::row:
        return gradient_measure_columns<X, ColumnGamma::row, false>(g);
      case ColumnGamma::element:
        return gradient_measure_columns<X, ColumnGamma::element, false>(g);
    }
  }
};
template <class X>
struct MapGradientColumns {
  static void run(const GradientColumns& g) {
    switch (g.mode) {
      case ColumnGamma::none:
        return gradient_map_columns<X, ColumnGamma::none>(g);
      case ColumnGamma::row:
        return gradient_map_columns<X, ColumnGamma::row>(g);
      case ColumnGamma::element:
        return gradient_map_columns<X, ColumnGamma::element>(g);
    }
  }
};
template <class X>
struct Along {
  static void run(const ParameterRun& p) { parameters_along<X>(p); }
};
template <class X>
struct Across {
  static void run(const ParameterRun& p) { parameters_across<X>(p); }
};

void fill_gradient(GradientKernels& kernels) noexcept {
  fill_floating<MeasureRows>(kernels.measure_rows);
  fill_floating<MapRows>(kernels.map_rows);
  fill_floating<MeasureGradientColumns>(kernels.measure_columns);
  fill_floating<MapGradientColumns>(kernels.map_columns);
  fill_floating<Along>(kernels.along);
  fill_floating<Across>(kernels.across);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_gradient(Target target, GradientKernels& kernels) noexcept {
  POISE_FOR_TARGET(target, fill_gradient, kernels);
}

const GradientKernels& gradient_kernels_for(Target target) noexcept {
  return table_for<GradientKernels>(target, fill_gradient, fill_gradient_scalar);
}

}  // namespace poise
#endif
