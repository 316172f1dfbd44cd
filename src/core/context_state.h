#pragma once

#include "core/plan.h"
#include "core/workspace.h"

namespace poise {

// What a Context keeps between calls: reusable memory and the last plan.
struct ContextState {
  Workspace workspace;
  Plan plan;
  int threads_used = 0;
};

}  // namespace poise
