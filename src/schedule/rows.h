#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Runs a plan of contiguous runs.
void run_rows(const Job& job, const Plan& plan, Context& context);

// Whether it couples the job's cells: where every thread has samples of its own, one is mapped while the next one is
// measured.
bool couples_rows(const Job& job, const Plan& plan) noexcept;

}  // namespace poise
