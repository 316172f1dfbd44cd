#pragma once

#include <memory>
#include <string>

#include <poise/export.h>

namespace poise {

// The instruction sets Poise has loops for, from the plain C++ reference upwards.
enum class Target { scalar, sse4, avx2, avx512 };

// How outputs are written: past the cache when they exceed it (automatic), always through it, or always past it.
// The policy changes speed only, never a bit of the result.
enum class StorePolicy { automatic, cached, streaming };

// The best set this machine has, or the one that POISE_TARGET=scalar|sse4|avx2|avx512 forces.
POISE_API Target active_target();
POISE_API bool target_available(Target target) noexcept;
POISE_API const char* name_of(Target target) noexcept;

struct ContextState;

// Threads, instruction set, store policy and reusable workspace of a series of calls. Use one per thread: concurrent
// calls on the same Context are an error that is not detected. Functions called without one use a thread-local default.
class POISE_API Context {
 public:
  Context();
  ~Context();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  // 0: POISE_THREADS, or else the machine's processors. Serial inside a parallel region of the caller and in a forked
  // child, whatever is asked. Results do not depend on it.
  int threads = 0;
  Target target = active_target();
  StorePolicy store = StorePolicy::automatic;
  // Validate and plan, but touch no data; plan() then says what would run.
  bool explain_only = false;

  // The last call's plan in a line, as `group_norm f32 rows cells=64 units=8x64 run=3136 ... threads=2`.
  std::string plan() const;
  // How many threads the last call really used.
  int threads_used() const noexcept;

  ContextState& state() noexcept { return *state_; }

 private:
  std::unique_ptr<ContextState> state_;
};

// The calling thread's default Context.
POISE_API Context& default_context();

}  // namespace poise
