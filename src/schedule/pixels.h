#pragma once

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Runs a plan that takes pixels apart or lays their channels anew.
void run_pixels(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
