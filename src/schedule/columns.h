#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Runs a plan whose lanes are different units.
void run_columns(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
