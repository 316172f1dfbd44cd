#include "schedule/execute.h"

#include <poise/error.h>

#include <new>
#include <string>

#include "core/context_state.h"
#include "kernels/kernels.h"
#include "schedule/columns.h"
#include "schedule/elements.h"
#include "schedule/fused.h"
#include "schedule/gradient.h"
#include "schedule/pixels.h"
#include "schedule/rows.h"

namespace poise {

void check_types(const Job& job) {
  const DType x = job.x.dtype(), y = job.y.dtype();
  if (!job.maps || job.derivative != nullptr) return;
  if (types_supported(x, y) && (y != DType::u8 || job.to_u8)) return;
  throw Error(Code::usage, std::string("[") + job.technique + "] y: expected a type that " + name_of(x) +
                               " can become, got " + name_of(y));
}

void plan_only(const Job& job, Context& context) {
  check_types(job);
  context.state().plan = make_plan(job, context);
  context.state().threads_used = 1;
}

void execute(const Job& job, Context& context) {
  plan_only(job, context);
  ContextState& state = context.state();
  if (context.explain_only) return;
  try {
    run_before(job, context);
    const bool backward = job.derivative != nullptr;
    switch (state.plan.loop) {
      case Plan::Loop::empty:
        return;
      case Plan::Loop::rows:
        return (backward ? run_gradient_rows : run_rows)(job, state.plan, context);
      case Plan::Loop::columns:
        return (backward ? run_gradient_columns : run_columns)(job, state.plan, context);
      case Plan::Loop::pixels:  // never backward
        return run_pixels(job, state.plan, context);
      case Plan::Loop::strided:
        return (backward ? run_gradient_strided : run_strided)(job, state.plan, context);
      case Plan::Loop::windows:  // local_response.cpp plans and runs its own
        return;
    }
  } catch (const std::bad_alloc&) {
    throw Error(Code::memory, std::string("[") + job.technique + "] workspace: expected memory, got none");
  }
}

}  // namespace poise
