#pragma once

#include "core/job.h"

namespace poise {

// What comes before anything is measured: the sum with a residual, or dy's part that an activation let pass.
void run_before(const Job& job, Context& context);

}  // namespace poise
