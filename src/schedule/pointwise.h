#pragma once

#include <utility>

#include "core/context_state.h"
#include "core/element.h"
#include "core/parallel.h"
#include "schedule/elements.h"

namespace poise {

// Calls visit(base, inner dims) for every cell of the job's partition, on the context's threads.
template <class F>
void for_each_cell(const Job& job, Context& context, F&& visit) {
  if (context.explain_only || job.partition.elements() == 0) return;
  Partition cells, inner;
  for (const Dim& d : job.partition.dims()) (d.role == Role::cell ? cells : inner).add(d);
  context.state().threads_used =
      parallel_for(threads_allowed(context), cells.elements(), [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t cell = begin; cell < end; ++cell) visit(offsets_at(cells.dims(), cell), inner);
      });
}

inline double x_at(const Job& job, const Offsets& at) noexcept { return element_at(job.x.data(), job.x.dtype(), at.x); }
inline double dy_at(const Job& job, const Offsets& at) noexcept {
  return element_at(job.dy.data(), job.dy.dtype(), at.dy);
}
inline void set_y(const Job& job, const Offsets& at, double value) noexcept {
  set_element(job.y.data(), job.y.dtype(), at.y, value);
}

}  // namespace poise
