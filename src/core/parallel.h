#pragma once

#include <cstdint>

#include <poise/context.h>

namespace poise {

// Threads a call on this context may use: its own wish, or POISE_THREADS, or the processors; 1 inside a parallel region
// of the caller (pools must not nest) and in a forked child (an OpenMP pool does not survive fork).
int threads_allowed(const Context& context) noexcept;

// Where a chunk of so many cells begins, whatever the threads: whole groups of `together`, where a chunk has several,
// but for the last.
inline std::int64_t chunk_begin(std::int64_t cells, std::int64_t chunks, std::int64_t together,
                                std::int64_t chunk) noexcept {
  const std::int64_t group = cells / chunks >= 2 * together ? together : 1;
  return chunk == chunks ? cells : cells * chunk / chunks / group * group;
}

using Body = void (*)(void* argument, std::int64_t begin, std::int64_t end, int thread);
int run_parallel(int threads, std::int64_t count, Body body, void* argument) noexcept;

// Calls body(begin, end, thread) on at most `threads` contiguous shares of [0, count), waits for all of them and says
// how many there really were. The one place where Poise starts threads. body must not throw.
template <class F>
int parallel_for(int threads, std::int64_t count, F&& body) noexcept {
  if (threads <= 1 || count <= 1) {
    if (count > 0) body(std::int64_t{0}, count, 0);
    return 1;
  }
  return run_parallel(
      threads, count,
      [](void* f, std::int64_t begin, std::int64_t end, int thread) { (*static_cast<F*>(f))(begin, end, thread); },
      &body);
}

}  // namespace poise
