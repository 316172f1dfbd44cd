#include "schedule/execute.h"

#include <poise/error.h>

#include <new>
#include <string>

#include "core/activation.h"
#include "core/context_state.h"
#include "kernels/kernels.h"
#include "schedule/columns.h"
#include "schedule/elements.h"
#include "schedule/fused.h"
#include "schedule/gradient.h"
#include "schedule/pixels.h"
#include "schedule/rows.h"

namespace poise {

namespace {

void run_loops(const Job& job, const Plan& plan, Context& context) {
  const bool backward = job.derivative != nullptr;
  switch (plan.loop) {
    case Plan::Loop::empty:
      return;
    case Plan::Loop::rows:
      return (backward ? run_gradient_rows : run_rows)(job, plan, context);
    case Plan::Loop::columns:
      return (backward ? run_gradient_columns : run_columns)(job, plan, context);
    case Plan::Loop::pixels:  // never backward
      return run_pixels(job, plan, context);
    case Plan::Loop::strided:
      return (backward ? run_gradient_strided : run_strided)(job, plan, context);
    case Plan::Loop::windows:  // local_response.cpp plans and runs its own
      return;
  }
}

class SavedAffine final : public Merge {
 public:
  explicit SavedAffine(const Derivative& derivative) noexcept : derivative_(derivative) {}
  CellAffine operator()(std::int64_t cell, const Measured&) const noexcept override { return derivative_.saved(cell); }

 private:
  const Derivative& derivative_;
};

bool couples(const Job& job, const Plan& plan) noexcept {
  return plan.loop == Plan::Loop::rows ? couples_rows(job, plan)
                                       : plan.loop == Plan::Loop::columns && couples_columns(job, plan);
}

// Coupled cells that no loop handles a sample at a time: all are measured, then all are mapped. By the same plan, as
// how many threads there are decides between the two and must not show.
void run_coupled(const Job& job, Plan plan, Context& context) {
  const KeepCoupled keep(*job.coupling);
  Job part = job;
  part.coupling = nullptr;
  part.merge = &keep;
  part.maps = plan.fused = false;
  run_loops(part, plan, context);
  std::int64_t cells = 1;
  for (const Dim& d : job.partition.dims()) cells *= d.role == Role::cell ? d.size : 1;
  for (std::int64_t first = 0; first < cells; first += job.coupling->cells) job.coupling->couple(first);
  part.merge = job.merge;
  part.maps = true;
  part.statistic = plan.statistic = Statistic::none;
  run_loops(part, plan, context);
}

// The gate of a smooth activation: z is what the forward pass mapped, a stretch at a time, and never stored.
void gate_by_map(const Job& job, Context& context) {
  const SavedAffine saved(*job.derivative);
  const Gate& gate = job.gate;
  Job map = job;
  map.partition = gate.partition;
  map.statistic = Statistic::none;
  map.merge = &saved;
  map.y = gate.gated;
  map.beta = gate.beta;
  map.epilogue = {gate.residual, gate.activation, 0, gate.dy};
  map.gate = {};
  map.maps = true;
  map.derivative = nullptr;
  map.dy = {};
  map.dgamma = map.dbeta = nullptr;
  run_loops(map, make_plan(map, context), context);
}

}  // namespace

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
    smooth(job.gate.activation) ? gate_by_map(job, context) : run_before(job, context);
    if (job.coupling != nullptr && !couples(job, state.plan)) return run_coupled(job, state.plan, context);
    run_loops(job, state.plan, context);
  } catch (const std::bad_alloc&) {
    throw Error(Code::memory, std::string("[") + job.technique + "] workspace: expected memory, got none");
  }
}

}  // namespace poise
