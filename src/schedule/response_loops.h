#pragma once

// What the loops of local response norm have in common: the job as kernels see it, and a thread's memory.

#include <algorithm>

#include "core/context_state.h"
#include "core/parallel.h"
#include "kernels/kernels.h"
#include "schedule/local_response.h"
#include "schedule/operands.h"

namespace poise {

inline std::int64_t rounded_up(std::int64_t n, std::int64_t to) noexcept { return (n + to - 1) / to * to; }

// Taps along one window axis. The backward sums run over the mirrored window: `after` taps before, `before` behind.
struct Window {
  std::int64_t before = 0, after = 0;
  std::int64_t taps() const noexcept { return before + after + 1; }
  Window mirrored() const noexcept { return {after, before}; }
};
// Taps that never meet an element are left out.
inline Window window_of(const LocalResponseJob& job, std::int64_t size) noexcept {
  return {std::min(job.before, size - 1), std::min(job.after, size - 1)};
}

// The loops for these types, and where elements lie.
struct ResponseLoops {
  explicit ResponseLoops(const LocalResponseJob& j, const Plan& plan) noexcept
      : job(j), kernels(kernels_for(plan.target)), x_type(plan.x_type), y_type(plan.y_type) {
    base.alpha = j.alpha;
    base.k = j.k;
    base.exponent = j.exponent;
    base.factor = 2 * j.alpha * j.exponent;
    base.streaming = plan.streaming;
  }
  bool backward() const noexcept { return job.job.dy.present(); }
  const void* x(std::int64_t at) const noexcept { return address(job.job.x.data(), x_type, at); }
  const void* dy(std::int64_t at) const noexcept { return address(job.job.dy.data(), x_type, at); }
  void* y(std::int64_t at) const noexcept { return address(job.job.y.data(), y_type, at); }
  DType compute() const noexcept { return x_type == DType::f64 ? DType::f64 : DType::f32; }

  std::int64_t compute_size() const noexcept { return static_cast<std::int64_t>(size_of(compute())); }

  void squares(const LocalResponse& m) const { kernels.response_squares[static_cast<int>(x_type)](m); }
  void widen(const LocalResponse& m) const { kernels.response_widen[static_cast<int>(x_type)](m); }
  void forward(const LocalResponse& m) const {
    kernels.response_forward[static_cast<int>(x_type)][static_cast<int>(y_type)](m);
  }
  void along(const LocalResponse& m) const { kernels.response_along[static_cast<int>(y_type)](m); }
  void across(const LocalResponse& m) const { kernels.response_across[static_cast<int>(y_type)](m); }
  void series_along(const LocalResponse& m) const { kernels.response_series_along[static_cast<int>(y_type)](m); }
  void series_across(const LocalResponse& m) const { kernels.response_series_across[static_cast<int>(y_type)](m); }
  void series_planes(const LocalResponse& m) const { kernels.response_series_planes[static_cast<int>(y_type)](m); }
  void series_gradient(const LocalResponse& m) const { kernels.response_series_backward(m); }
  void series_gradient_across(const LocalResponse& m) const { kernels.response_series_backward_across(m); }
  void slopes(const LocalResponse& m) const { kernels.response_slopes[static_cast<int>(x_type)](m); }
  void gradient(const LocalResponse& m) const { kernels.response_backward[static_cast<int>(x_type)](m); }

  const LocalResponseJob& job;
  const Kernels& kernels;
  DType x_type, y_type;
  LocalResponse base;
};

// One thread's memory: elements (or sums of squares), slopes, dy * f, and the pointers of the taps.
struct ResponseRoom {
  double *elements = nullptr, *slopes = nullptr, *scaled = nullptr;
  const void** tap = nullptr;
};
struct ResponseRooms {
  std::int64_t elements = 0, slopes = 0, scaled = 0, taps = 0;  // doubles, pointers a thread
  double* memory = nullptr;
  const void** pointers = nullptr;

  void take(Workspace& workspace, int threads) {
    // A vector past the end may be read, and one before the first.
    for (std::int64_t* n : {&elements, &slopes, &scaled}) *n = rounded_up(*n + lane_padding, 8);
    memory = workspace.take<double>(lane_padding + threads * (elements + slopes + scaled)) + lane_padding;
    pointers = workspace.take<const void*>(threads * rounded_up(taps, 8));
  }
  ResponseRoom of(int thread) const noexcept {
    double* at = memory + thread * (elements + slopes + scaled);
    return {at, at + elements, at + elements + slopes, pointers + thread * rounded_up(taps, 8)};
  }
};

// Loop's units, each thread with a room of its own.
template <class Loop>
void run_response(const Loop& loop, const Plan& plan, Context& context) {
  ResponseRooms rooms = loop.rooms();
  rooms.take(context.state().workspace, plan.threads);
  context.state().threads_used =
      parallel_for(plan.threads, loop.units(), [&](std::int64_t begin, std::int64_t end, int thread) {
        const ResponseRoom room = rooms.of(thread);
        if constexpr (requires { loop.prepare(room); }) loop.prepare(room);
        for (std::int64_t unit = begin; unit < end; ++unit) loop.run(unit, room);
        if (plan.streaming) fence_streams();
      });
}

// Whether rows of contiguous lanes go by the series. Then all do, however short: no bit depends on how many lanes.
bool across_by_series(const LocalResponseJob& job, const Plan& plan) noexcept;

// Forward of 3 or 5 taps in float32 arithmetic, lanes or windows along contiguous memory; false: not this.
bool run_narrow_response(const ResponseLoops& loops, const Plan& plan, Context& context);

// Any layout and any window axes: block by block laid out anew.
void run_gathered_response(const ResponseLoops& loops, const Plan& plan, Context& context);

}  // namespace poise
