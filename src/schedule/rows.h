#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Runs a plan of contiguous runs.
void run_rows(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
