#pragma once

#include <cstddef>
#include <vector>

#include "core/plan.h"
#include "core/workspace.h"

namespace poise {

// What a Context keeps between calls: reusable memory and the last plan.
struct ContextState {
  Workspace workspace;
  Plan plan;
  int threads_used = 0;
  std::vector<std::byte> headers;  // of all ranks, where there are several
};

}  // namespace poise
