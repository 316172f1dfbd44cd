#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Whether the cells of this backward plan are one run each, and gamma's gradient, if wanted, runs along them.
bool whole_gradient_rows(const Plan& plan) noexcept;

// Runs it.
void run_whole_gradient_rows(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
