#include "core/parallel.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace poise {
namespace {

std::atomic<bool> forked{false};

int default_threads() noexcept {
  static const int threads = [] {
    pthread_atfork(nullptr, nullptr, [] { forked.store(true); });
    const char* text = std::getenv("POISE_THREADS");
    const int wanted = text == nullptr ? 0 : std::atoi(text);
    return wanted > 0 ? std::min(wanted, 1024) : omp_get_num_procs();
  }();
  return threads;
}

}  // namespace

int threads_allowed(const Context& context) noexcept {
  const int wanted = context.threads > 0 ? context.threads : default_threads();
  default_threads();  // registers the fork handler even when the context names a number
  if (omp_in_parallel() != 0 || forked.load()) return 1;
  return wanted;
}

// The team is as large for a loop of few shares: the runtime ends the threads that a smaller one leaves out, and has to
// start them anew for the next loop.
int run_parallel(int threads, std::int64_t count, Body body, void* argument) noexcept {
  int used = 1;
#pragma omp parallel num_threads(threads)
  {
    // The runtime may give fewer threads than asked for: shares are of the team that really runs.
    const std::int64_t t = omp_get_thread_num(), n = std::min<std::int64_t>(omp_get_num_threads(), count);
    if (t == 0) used = static_cast<int>(n);
    const std::int64_t begin = count * t / n, end = count * (t + 1) / n;
    if (t < n) body(argument, begin, end, static_cast<int>(t));
  }
  return used;
}

}  // namespace poise
