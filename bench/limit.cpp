#include "bench/limit.h"

#include <omp.h>

#include <algorithm>

#include "bench/probe.h"
#include "bench/timing.h"

namespace poise::bench {

void limit(int way, const Case& c, std::size_t turn, int threads) {
  const auto* from = static_cast<const std::byte*>(c.input(turn));
  auto* to = static_cast<std::byte*>(c.output(turn));
  const auto n = static_cast<std::size_t>(threads);
  const std::size_t in = c.bytes_in() / n / 64 * 64, out = c.bytes_out() / n / 64 * 64;
  // One thread pays for no team.
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    const auto t = static_cast<std::size_t>(omp_get_thread_num());
    probe(way, from + t * in, to + t * out, in, out);
  }
}

int fastest_way(const Case& c, int threads) {
  int best = 0;
  double least = 1e30;
  for (int way = 0; way < ways(); ++way) {
    std::vector<double> times;
    for (std::size_t turn = 0; turn < std::max<std::size_t>(7, c.turns()); ++turn)
      times.push_back(seconds([&] { limit(way, c, turn, threads); }));
    if (const double t = median(times); t < least) {
      least = t;
      best = way;
    }
  }
  return best;
}

}  // namespace poise::bench
