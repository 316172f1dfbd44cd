#pragma once

#include "core/job.h"
#include "core/plan.h"
#include "kernels/pointwise.h"
#include "schedule/operands.h"

namespace poise {

// The epilogue of a run that is mapped already, in the compute type: y = activation(wide + residual), rounded once.
inline void finish(const Job& job, const Plan& plan, const void* wide, std::int64_t z, void* y,
                   std::int64_t length) noexcept {
  const Finish& e = job.epilogue;
  PointwiseRun p;
  p.a = wide;
  if (e.residual.present()) p.b = address(e.residual.data(), e.residual.dtype(), z);
  p.out = y;
  p.length = length;
  p.slope = e.slope;
  p.activation = e.activation;
  pointwise_kernels_for(plan.target).finish[static_cast<int>(plan.y_type)](p);
}

}  // namespace poise
