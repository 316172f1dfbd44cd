#include "cluster/merge_ranks.h"

#include <type_traits>

namespace poise {
namespace {

template <class T>
void gather_and_merge(std::span<T> cells, std::span<T> gathered, Communicator& ranks) {
  static_assert(std::is_trivially_copyable_v<T>);
  ranks.all_gather(cells.data(), cells.size_bytes(), gathered.data());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = gathered[i];
    for (std::size_t r = 1; r < static_cast<std::size_t>(ranks.size()); ++r) {
      merge(cells[i], gathered[r * cells.size() + i]);
    }
  }
}

}  // namespace

void merge(Measured& a, const Measured& b) noexcept {
  if (b.count == 0) return;
  if (a.count == 0) {
    a = b;
    return;
  }
  const auto n = static_cast<double>(a.count + b.count);
  const double share = static_cast<double>(b.count) / n;
  const double delta = (b.mean - a.mean) + (b.mean_lo - a.mean_lo);
  a.m2 += b.m2 + delta * delta * (static_cast<double>(a.count) * share);
  const double step = delta * share + a.mean_lo, mean = a.mean + step;
  // What mean + step rounds away (Knuth's two-sum).
  const double rounded = mean - a.mean;
  a.mean_lo = (a.mean - (mean - rounded)) + (step - rounded);
  a.mean = mean;
  a.count += b.count;
}

void merge(GradientSums& a, const GradientSums& b) noexcept {
  a.count += b.count;
  a.s0 += b.s0;
  a.s1 += b.s1;
}

void merge_ranks(std::span<Measured> cells, std::span<Measured> gathered, Communicator& ranks) {
  gather_and_merge(cells, gathered, ranks);
}

void merge_ranks(std::span<GradientSums> cells, std::span<GradientSums> gathered, Communicator& ranks) {
  gather_and_merge(cells, gathered, ranks);
}

}  // namespace poise
