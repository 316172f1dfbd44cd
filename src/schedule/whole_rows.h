#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Whether the cells of this plan are one run each, mapped in the loop that measures the next.
bool whole_rows(const Plan& plan) noexcept;

// Runs it.
void run_whole_rows(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
