#include "core/overlap.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

namespace poise {
namespace {

// Is there an integer solution of sum coefficient[i] * u[i] = target with 0 <= u[i] <= most[i]? The terms of both views
// and of the bytes inside an element; searched from the largest coefficient down, pruned by range and divisor.
struct Search {
  struct Term {
    std::int64_t coefficient, most;
  };
  std::array<Term, 2 * max_rank + 2> terms{};
  std::array<std::int64_t, 2 * max_rank + 3> reach{}, divisor{};  // of the terms from i on
  std::size_t count = 0;
  int budget = 100000;

  void add(std::int64_t coefficient, std::int64_t most) noexcept {
    if (coefficient != 0 && most > 0) terms[count++] = {coefficient, most};
  }

  bool solvable(std::int64_t target) noexcept {
    std::sort(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(count),
              [](const Term& a, const Term& b) { return a.coefficient > b.coefficient; });
    for (std::size_t i = count; i-- > 0;) {
      reach[i] = reach[i + 1] + terms[i].coefficient * terms[i].most;
      divisor[i] = std::gcd(divisor[i + 1], terms[i].coefficient);
    }
    return from(0, target);
  }

  bool from(std::size_t i, std::int64_t target) noexcept {
    if (target < 0 || target > reach[i]) return false;
    if (i == count || target == 0) return target == 0;
    if (target % divisor[i] != 0) return false;
    if (--budget < 0) return true;
    const auto [coefficient, most] = terms[i];
    const std::int64_t high = std::min(most, target / coefficient);
    const std::int64_t low = std::max<std::int64_t>(0, (target - reach[i + 1] + coefficient - 1) / coefficient);
    for (std::int64_t u = high; u >= low; --u)
      if (from(i + 1, target - u * coefficient)) return true;
    return false;
  }
};

// Adds the view's strides in bytes, all made positive by counting a reversed dim from its other end; returns the
// lowest address.
std::intptr_t add_terms(const ConstTensorView& view, Search& search) noexcept {
  const auto size = static_cast<std::int64_t>(size_of(view.dtype()));
  auto lowest = reinterpret_cast<std::intptr_t>(view.data());
  for (int i = 0; i < view.rank(); ++i) {
    const std::int64_t stride = view.stride(i) * size, most = view.size(i) - 1;
    if (stride < 0) lowest += stride * most;
    search.add(std::abs(stride), most);
  }
  search.add(1, size - 1);
  return lowest;
}

struct Extent {
  std::intptr_t first, last;  // bytes
};
Extent extent_of(const ConstTensorView& view) noexcept {
  const auto size = static_cast<std::int64_t>(size_of(view.dtype()));
  const auto at = reinterpret_cast<std::intptr_t>(view.data());
  Extent e{at, at + size - 1};
  for (int i = 0; i < view.rank(); ++i) {
    const std::int64_t reach = view.stride(i) * size * (view.size(i) - 1);
    (reach < 0 ? e.first : e.last) += reach;
  }
  return e;
}

}  // namespace

bool share_memory(const ConstTensorView& a, const ConstTensorView& b) noexcept {
  if (!a.present() || !b.present() || a.elements() == 0 || b.elements() == 0) return false;
  const Extent extent_a = extent_of(a), extent_b = extent_of(b);
  if (extent_a.last < extent_b.first || extent_b.last < extent_a.first) return false;
  // a0 + ua = b0 + ub; with ub counted from b's end every coefficient is positive: ua + (reach_b - ub) = target.
  Search search;
  const std::intptr_t a0 = add_terms(a, search);
  std::int64_t reach_a = 0, reach_b = 0;
  for (std::size_t i = 0; i < search.count; ++i) reach_a += search.terms[i].coefficient * search.terms[i].most;
  const std::intptr_t b0 = add_terms(b, search);
  for (std::size_t i = 0; i < search.count; ++i) reach_b += search.terms[i].coefficient * search.terms[i].most;
  reach_b -= reach_a;
  return search.solvable(b0 - a0 + reach_b);
}

bool elements_distinct(const ConstTensorView& view) noexcept {
  std::array<std::pair<std::int64_t, std::int64_t>, max_rank> dims{};
  std::size_t count = 0;
  for (int i = 0; i < view.rank(); ++i) {
    if (view.size(i) == 0) return true;
    if (view.size(i) == 1) continue;
    const std::pair<std::int64_t, std::int64_t> dim = {std::abs(view.stride(i)), view.size(i)};
    std::size_t at = count++;
    for (; at > 0 && dim < dims[at - 1]; --at) dims[at] = dims[at - 1];
    dims[at] = dim;
  }
  std::int64_t extent = 0;  // the largest offset inside the dims seen
  for (std::size_t i = 0; i < count; ++i) {
    if (dims[i].first <= extent) return false;
    extent += dims[i].first * (dims[i].second - 1);
  }
  return true;
}

}  // namespace poise
