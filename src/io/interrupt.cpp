#include "io/interrupt.h"

#include <time.h>

#include <atomic>
#include <csignal>
#include <cstdint>

namespace poise {
namespace {

std::atomic<int> pending_signal{0};
std::atomic<std::int64_t> first_signal_ns{0};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free,
              "only lock-free atomics may be touched by a signal handler");

std::int64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// timeout(1) signals the process and then its group: two signals at once ask for one stop. Only one that comes later is
// from someone who waits no longer.
void on_signal(int signal) {
  if (pending_signal.load() == 0) {
    first_signal_ns.store(now_ns());
    request_interrupt(signal);
  } else if (now_ns() - first_signal_ns.load() > 500'000'000) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

void request_interrupt(int signal) noexcept { pending_signal.store(signal); }

void install_signal_handlers() {
  struct sigaction action {};
  // No SA_RESTART: a read that blocks returns, so that the request is seen.
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

void check_interrupt() {
  if (const int signal = pending_signal.load()) throw Interrupted{signal};
}

}  // namespace poise
