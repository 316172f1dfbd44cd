// The pointwise loops of every SIMD instruction set that this compiler can make.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pointwise.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/gradient.h"
#include "kernels/pointwise-inl.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

template <class X>
struct Add {
  static void run(const PointwiseRun& p) { pointwise<AddOp, X, X>(p, 0); }
};
template <class X>
struct Gate {
  static void run(const PointwiseRun& p) { pointwise<GateOp, X, X>(p, 1); }
};
template <class X>
struct FinishRun {
  static void run(const PointwiseRun& p) { pointwise<FinishOp, Compute<X>, X>(p, 0); }
};
template <class X>
struct FinishBack {
  static void run(const PointwiseRun& p) { pointwise<FinishBackOp, Compute<X>, X>(p, 0); }
};

void fill_pointwise(PointwiseKernels& kernels) noexcept {
  fill_floating<Add>(kernels.add);
  fill_floating<Gate>(kernels.gate);
  fill_floating<FinishRun>(kernels.finish);
  fill_floating<FinishBack>(kernels.finish_back);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_pointwise(Target target, PointwiseKernels& kernels) noexcept {
  POISE_FOR_TARGET(target, fill_pointwise, kernels);
}

const PointwiseKernels& pointwise_kernels_for(Target target) noexcept {
  return table_for<PointwiseKernels>(target, fill_pointwise, fill_pointwise_scalar);
}

}  // namespace poise
#endif
