#pragma once

#include "core/job.h"

namespace poise {

// Plans the validated job and runs nothing; Error{usage} for types that do not go together.
void plan_only(const Job& job, Context& context);

// Plans the validated job and runs it; with Context::explain_only it stops after the plan. Takes its memory before it
// touches y: Error{memory} leaves the outputs as they were.
void execute(const Job& job, Context& context);

// x may become y, or Error.
void check_types(const Job& job);

}  // namespace poise
