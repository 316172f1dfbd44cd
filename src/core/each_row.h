#pragma once

#include <cstdint>

#include "core/parallel.h"
#include "core/partition.h"

namespace poise {

// Calls visit(begin, offsets, inner) for every row of the last dim, begin its first element's row-major index.
template <class F>
void for_each_row(const Partition& all, Context& context, F&& visit) {
  const Dim inner = all.empty() ? Dim{} : all.inner();
  const auto outer = all.empty() ? all.dims() : all.dims().first(all.dims().size() - 1);
  if (inner.size == 0) return;
  parallel_for(threads_allowed(context), elements(outer), [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) visit(row * inner.size, offsets_at(outer, row), inner);
  });
}

}  // namespace poise
