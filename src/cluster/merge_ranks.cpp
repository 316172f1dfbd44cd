#include "cluster/merge_ranks.h"

#include <type_traits>

namespace poise {
namespace {

// Every rank's values in rank order; `join` adds one rank's to what is there.
template <class T, class F>
void gather_and_join(std::span<T> values, std::span<T> gathered, Communicator& ranks, F join) {
  static_assert(std::is_trivially_copyable_v<T>);
  ranks.all_gather(values.data(), values.size_bytes(), gathered.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = gathered[i];
    for (std::size_t r = 1; r < static_cast<std::size_t>(ranks.size()); ++r) {
      join(values[i], gathered[r * values.size() + i]);
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

void merge_ranks(std::span<Measured> cells, std::span<Measured> gathered, Communicator& ranks) {
  gather_and_join(cells, gathered, ranks, [](Measured& a, const Measured& b) noexcept { merge(a, b); });
}

void add_ranks(std::span<double> sums, std::span<double> gathered, Communicator& ranks) {
  gather_and_join(sums, gathered, ranks, [](double& a, double b) noexcept { a += b; });
}

}  // namespace poise
