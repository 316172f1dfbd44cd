#include "io/interrupt.h"

#include <atomic>
#include <csignal>

namespace poise {
namespace {

std::atomic<int> pending_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "only lock-free atomics may be touched by a signal handler");

}  // namespace

void request_interrupt(int signal) noexcept { pending_signal.store(signal); }

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = request_interrupt;
  // No SA_RESTART: a read that blocks returns, so that the request is seen.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

void check_interrupt() {
  if (const int signal = pending_signal.load()) throw Interrupted{signal};
}

}  // namespace poise
