#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Runs a plan of contiguous runs.
// A job whose cells are coupled, where each thread has samples of its own: those of one are mapped while the next one's
// are measured.
bool couples_rows(const Job& job, const Plan& plan) noexcept;
void run_rows(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
