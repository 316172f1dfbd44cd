// poise_compare [--cases FILE] [--into FILE] [Google Benchmark's options]: every problem of bench/cases.txt, cold (from
// DRAM) and hot (the same memory in every call), on one thread and on two, beside the limit probe and the peers that
// were there to build against, turn by turn on the same memory; and a part of it that stays in the second cache, for
// what the loops take where memory costs nothing. Prints a table a mode, of medians; --into puts them between the lines
// <!-- compare --> and <!-- end of compare --> of a file.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "bench/arguments.h"
#include "bench/limit.h"
#include "bench/put_into.h"
#include "bench/timing.h"
#include "contenders.h"
#include "in_cache.h"

namespace poise::bench {
namespace {

constexpr std::size_t cold = std::size_t{512} << 20;

struct Mode {
  const char* name;
  bool hot;
  int threads;
};
constexpr Mode modes[] = {
    {"from DRAM, 1 thread", false, 1},
    {"from DRAM, 2 threads", false, 2},
    {"hot, 1 thread", true, 1},
    {"hot, 2 threads", true, 2},
};

struct Row {
  std::string problem, peer = {};
  bool composed = false;
  double us = 0, rate = 0, ratio = 0, loops = 0, peer_us = 0;
};

// Past the cache from DRAM; whichever way is fastest where the memory is hot.
int way_of(const Case& c, const Mode& mode) { return mode.hot ? fastest_way(c, mode.threads) : 0; }

void measure(benchmark::State& state, Row& row, const Mode& mode) {
  const Case c(row.problem, mode.hot ? 0 : cold);
  Context context;
  context.threads = mode.threads;
  std::vector<Contender> all = contenders(c, mode.threads, context);
  const int way = way_of(c, mode);
  for (Contender& one : all) one.run(0);
  const InCache cut = in_cache(c);
  const Case small(cut.problem, 0);
  Context alone;
  alone.threads = 1;
  small.run(0, alone);
  std::vector<double> limits, loops;
  std::size_t turn = 0;
  for (auto _ : state) {
    limits.push_back(seconds([&] { limit(way, c, turn++, mode.threads); }));
    for (Contender& one : all) one.times.push_back(seconds([&] { one.run(turn++); }));
    small.run(0, alone);
    loops.push_back(seconds([&] { small.run(0, alone); }));
    state.SetIterationTime(all[0].times.back());
  }
  const double time = median(all[0].times);
  row.us = time * 1e6;
  row.rate = static_cast<double>(c.bytes_in() + c.bytes_out()) / time / 1e9;
  row.ratio = time / median(limits);
  row.loops = median(loops) * cut.times / mode.threads / median(limits);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const double us = median(all[i].times) * 1e6;
    if (row.peer_us != 0 && us >= row.peer_us) continue;
    row.peer_us = us;
    row.peer = all[i].name;
    row.composed = all[i].composed;
  }
}

// The mean of the ratios to the best peer, where there is one, where Poise is slower, and what the mean would be if
// every problem took no longer than the limit.
std::string summary(const std::vector<Row>& rows) {
  double logs = 0, logs_own = 0, at_limit = 0;
  int compared = 0, own = 0, slower = 0;
  for (const Row& row : rows) {
    if (row.peer.empty()) continue;
    const double ratio = std::log(row.peer_us / row.us);
    logs += ratio;
    at_limit += ratio + std::log(row.ratio);
    ++compared;
    if (!row.composed) logs_own += ratio, ++own;
    if (row.peer_us < row.us / 1.05) ++slower;
  }
  if (compared == 0) return "No peer was there to compare with.\n";
  return fmt::format(
      "Against the best peer: {:.2f} times as fast in the geometric mean of {} problems, {:.2f} times in that of the "
      "{} "
      "that a peer has a function of its own for; slower by more than 5 % in {}. At the limit in each of them it would "
      "be {:.2f} times.\n",
      std::exp(logs / compared), compared, std::exp(logs_own / std::max(own, 1)), own, slower,
      std::exp(at_limit / compared));
}

std::string table(const Mode& mode, const std::vector<Row>& rows) {
  if (std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.us == 0; })) return {};
  std::string text = fmt::format(
      "### {}\n\n| problem | us | GB/s | over the limit | loops | best peer | its us | times |\n"
      "| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |\n",
      mode.name);
  for (const Row& row : rows) {
    if (row.us == 0) continue;
    text += fmt::format("| `{}` | {:.1f} | {:.1f} | {:.2f} | {:.2f} | ", row.problem, row.us, row.rate, row.ratio,
                        row.loops);
    text += row.peer.empty() ? "| | |\n"
                             : fmt::format("{} | {:.1f} | {:.2f} |\n", row.peer, row.peer_us, row.peer_us / row.us);
  }
  return text + "\n" + summary(rows) + "\n";
}

int run(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const std::string cases = arguments.value("--cases", "bench/cases.txt"), into = arguments.value("--into", "");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  std::vector<std::vector<Row>> all;
  for (const Mode& mode : modes) {
    all.emplace_back();
    for (const CaseLine& line : read_cases(cases)) all.back().push_back({.problem = line.problem});
    for (Row& row : all.back()) {
      benchmark::RegisterBenchmark((row.problem + " " + mode.name).c_str(),
                                   [&row, mode](benchmark::State& s) { measure(s, row, mode); })
          ->UseManualTime()
          ->MinTime(0.1)
          ->Unit(benchmark::kMicrosecond);
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  std::string text;
  for (std::size_t m = 0; m < all.size(); ++m) text += table(modes[m], all[m]);
  std::cout << "\n" << text;
  if (!into.empty()) put_into(into, "compare", text);
  return 0;
}

}  // namespace
}  // namespace poise::bench

int main(int argc, char** argv) { return poise::bench::run_or_say("poise_compare", poise::bench::run, argc, argv); }
