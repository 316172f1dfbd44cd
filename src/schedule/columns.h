#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Runs a plan whose lanes are different units.
void run_columns(const Job& job, const Plan& plan, Context& context);

// Whether it couples the job's cells: where a sample's are the lanes of one closure.
bool couples_columns(const Job& job, const Plan& plan) noexcept;

}  // namespace poise
