// poise_bench [--cases FILE] [--threads N] [--hot] [Google Benchmark's options]: every problem of bench/cases.txt
// against the limit probe, which moves the same bytes in the same loop, turn by turn. Time and ratio are medians of the
// pairs; least_us is the least time, plan_ns what a call takes that only checks and plans. Ends with a line `N passed,
// N failed` over the cases that have a gate; exit 1 when one failed.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "bench/arguments.h"
#include "bench/case.h"
#include "bench/limit.h"
#include "bench/timing.h"

namespace poise::bench {
namespace {

constexpr std::size_t cold = std::size_t{512} << 20;

struct Options {
  std::string cases = "bench/cases.txt";
  int threads = 1;
  bool hot = false;
};

struct Row {
  CaseLine of;
  double ratio = 0;
};

void measure(benchmark::State& state, Row& row, const Options& options) {
  const Case c(row.of.problem, options.hot ? 0 : cold);
  Context context;
  context.threads = options.threads;
  const int way = fastest_way(c, options.threads);
  c.run(0, context);
  Context plan_only;
  plan_only.threads = options.threads;
  plan_only.explain_only = true;
  std::vector<double> times, limits, copies, plans;
  std::size_t turn = 0;
  for (auto _ : state) {
    limits.push_back(seconds([&] { limit(0, c, turn, options.threads); }));
    times.push_back(seconds([&] { c.run(turn + 1, context); }));
    copies.push_back(seconds([&] { limit(way, c, turn + 2, options.threads); }));
    plans.push_back(seconds([&] { c.run(turn, plan_only); }));
    turn += 3;
    state.SetIterationTime(times.back());
  }
  const double time = median(times), least = median(limits);
  row.ratio = time / least;
  state.counters["us"] = time * 1e6;
  state.counters["least_us"] = *std::min_element(times.begin(), times.end()) * 1e6;
  state.counters["plan_ns"] = median(plans) * 1e9;
  state.counters["limit_us"] = least * 1e6;
  state.counters["GB/s"] = static_cast<double>(c.bytes_in() + c.bytes_out()) / time / 1e9;
  state.counters["ratio"] = row.ratio;
  state.counters["copy"] = time / median(copies);
  state.SetLabel(context.plan());
}

Options take_options(int& argc, char** argv) {
  Arguments arguments(argc, argv);
  Options options;
  options.cases = arguments.value("--cases", options.cases);
  options.threads = std::max(1, arguments.number("--threads", 1));
  options.hot = arguments.flag("--hot");
  return options;
}

int run(int argc, char** argv) {
  const Options options = take_options(argc, argv);
  std::vector<Row> rows;
  for (const CaseLine& line : read_cases(options.cases)) rows.push_back({line});
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (Row& row : rows) {
    benchmark::RegisterBenchmark(row.of.problem.c_str(), [&](benchmark::State& s) { measure(s, row, options); })
        ->UseManualTime()
        ->MinTime(0.3)
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RunSpecifiedBenchmarks();
  int passed = 0, failed = 0;
  for (const Row& row : rows) {
    if (row.of.gate == 0 || row.ratio == 0) continue;
    ++(row.ratio <= row.of.gate ? passed : failed);
    if (row.ratio > row.of.gate)
      std::cout << fmt::format("over its gate: {} {:.2f} > {}\n", row.of.problem, row.ratio, row.of.gate);
  }
  std::cout << fmt::format("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace poise::bench

int main(int argc, char** argv) { return poise::bench::run_or_say("poise_bench", poise::bench::run, argc, argv); }
