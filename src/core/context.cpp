#include <poise/context.h>

#include "core/context_state.h"

namespace poise {

Context::Context() : state_(std::make_unique<ContextState>()) {}
Context::~Context() = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;

std::string Context::plan() const { return state_->plan.str(); }
int Context::threads_used() const noexcept { return state_->threads_used; }

Context& default_context() {
  thread_local Context context;
  return context;
}

}  // namespace poise
