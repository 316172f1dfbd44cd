#include "core/partition.h"

#include <algorithm>
#include <cstdlib>

namespace poise {
namespace {

bool steps_alike(std::int64_t outer, std::int64_t inner, std::int64_t inner_size) noexcept {
  return outer == inner * inner_size;
}

bool joins(const Dim& outer, const Dim& inner) noexcept {
  const std::int64_t n = inner.size;
  return outer.role == inner.role && steps_alike(outer.x, inner.x, n) && steps_alike(outer.y, inner.y, n) &&
         steps_alike(outer.dy, inner.dy, n) && steps_alike(outer.z, inner.z, n) &&
         steps_alike(outer.mask, inner.mask, n) && steps_alike(outer.gamma, inner.gamma, n) &&
         steps_alike(outer.beta, inner.beta, n) && steps_alike(outer.param, inner.param, n) &&
         steps_alike(outer.cell, inner.cell, n);
}

// By |stride| of y, then of x: the loop order that walks memory forwards.
bool outside(const Dim& a, const Dim& b) noexcept {
  const std::int64_t ay = std::abs(a.y), by = std::abs(b.y);
  return ay != by ? ay > by : std::abs(a.x) > std::abs(b.x);
}

}  // namespace

void Partition::compress() noexcept {
  Dim* const end = std::remove_if(dims_, dims_ + rank_, [](const Dim& d) { return d.size == 1; });
  rank_ = static_cast<int>(end - dims_);
  // A stable sort by insertion: std::stable_sort would allocate.
  for (Dim* next = dims_; next != end; ++next) {
    std::rotate(std::upper_bound(dims_, next, *next, outside), next, next + 1);
  }
  int kept = 0;
  for (int i = 0; i < rank_; ++i) {
    const Dim next = dims_[i];
    if (kept > 0 && joins(dims_[kept - 1], next)) {
      const std::int64_t size = dims_[kept - 1].size;
      dims_[kept - 1] = next;
      dims_[kept - 1].size *= size;
    } else {
      dims_[kept++] = next;
    }
  }
  rank_ = kept;
}

std::int64_t Partition::elements() const noexcept { return poise::elements(dims()); }

std::int64_t Partition::count(Role role) const noexcept {
  std::int64_t n = 1;
  for (const Dim& d : dims())
    if (d.role == role) n *= d.size;
  return n;
}

std::int64_t elements(std::span<const Dim> dims) noexcept {
  std::int64_t n = 1;
  for (const Dim& d : dims) n *= d.size;
  return n;
}

Offsets offsets_along(std::span<const Dim> dims, std::int64_t index) noexcept {
  Offsets at;
  for (std::size_t i = dims.size(); i-- > 0;) {
    const Dim& d = dims[i];
    std::int64_t k = index;
    if (i > 0) {
      k = index % d.size;
      index /= d.size;
    }
    at = at + k * d;
  }
  return at;
}

Partition along_gamma(std::span<const Dim> copy) noexcept {
  Partition dims;
  std::int64_t dense = 1;
  for (std::size_t i = copy.size(); i-- > 0;) {
    dims.add(copy[i]);
    dims.dims().back().param = dense;
    dense *= copy[i].size;
  }
  std::ranges::sort(dims.dims(), [](const Dim& a, const Dim& b) { return std::abs(a.gamma) > std::abs(b.gamma); });
  return dims;
}

}  // namespace poise
