#pragma once

#include "core/job.h"
#include "core/plan.h"
#include "kernels/pointwise.h"
#include "schedule/operands.h"

namespace poise {

// The epilogue of a run that is mapped already, in the compute type: y = activation(wide + residual), or the way back
// through that, rounded once. at: where the residual and dy lie.
inline void finish(const Job& job, const Plan& plan, const void* wide, const Offsets& at, void* y,
                   std::int64_t length) noexcept {
  const Finish& e = job.epilogue;
  PointwiseRun p;
  p.a = wide;
  if (e.residual.present()) p.b = address(e.residual.data(), e.residual.dtype(), at.z);
  if (e.dy.present()) p.dy = address(e.dy.data(), e.dy.dtype(), at.dy);
  p.out = y;
  p.length = length;
  p.slope = e.slope;
  p.activation = e.activation;
  const PointwiseKernels& kernels = pointwise_kernels_for(plan.target);
  (e.dy.present() ? kernels.finish_back : kernels.finish)[static_cast<int>(plan.y_type)](p);
}

}  // namespace poise
