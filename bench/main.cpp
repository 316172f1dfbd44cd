// poise_bench [--cases FILE] [--threads N] [--hot] [Google Benchmark's options]: every problem of bench/cases.txt
// against the limit probe, which moves the same bytes in the same loop, turn by turn. Time and ratio are medians of the
// pairs. Ends with a line `N passed, N failed` over the cases that have a gate; exit 1 when one failed.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "bench/case.h"
#include "bench/probe.h"

namespace poise::bench {
namespace {

constexpr std::size_t cold = std::size_t{512} << 20;

struct Options {
  std::string cases = "bench/cases.txt";
  int threads = 1;
  bool hot = false;
};

struct Row {
  std::string problem;
  double gate = 0, ratio = 0;
};

double seconds(auto&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

int best_way(const Case& c) {
  int best = 0;
  double least = 1e30;
  for (int way = 0; way < ways(); ++way) {
    std::vector<double> times;
    for (std::size_t i = 0; i < std::max<std::size_t>(7, c.turns()); ++i)
      times.push_back(seconds([&] { probe(way, c.input(i), c.output(i), c.bytes_in(), c.bytes_out()); }));
    if (const double t = median(times); t < least) {
      least = t;
      best = way;
    }
  }
  return best;
}

void measure(benchmark::State& state, Row& row, const Options& options) {
  const Case c(row.problem, options.hot ? 0 : cold);
  Context context;
  context.threads = options.threads;
  const int way = best_way(c);
  c.run(0, context);
  std::vector<double> times, limits, copies;
  std::size_t turn = 0;
  for (auto _ : state) {
    limits.push_back(seconds([&] { probe(0, c.input(turn), c.output(turn), c.bytes_in(), c.bytes_out()); }));
    times.push_back(seconds([&] { c.run(turn + 1, context); }));
    copies.push_back(seconds([&] { probe(way, c.input(turn + 2), c.output(turn + 2), c.bytes_in(), c.bytes_out()); }));
    turn += 3;
    state.SetIterationTime(times.back());
  }
  const double time = median(times), limit = median(limits);
  row.ratio = time / limit;
  state.counters["us"] = time * 1e6;
  state.counters["limit_us"] = limit * 1e6;
  state.counters["GB/s"] = static_cast<double>(c.bytes_in() + c.bytes_out()) / time / 1e9;
  state.counters["ratio"] = row.ratio;
  state.counters["copy"] = time / median(copies);
  state.SetLabel(context.plan());
}

std::vector<Row> read_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(Code::io, "[bench] cases: expected a readable file, got " + path);
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    Row row;
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    words >> row.problem;
    if (std::string rest; row.problem == "backward" && words >> rest) row.problem += " " + rest;
    words >> row.gate;
    rows.push_back(row);
  }
  return rows;
}

Options take_options(int& argc, char** argv) {
  Options options;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--cases" && i + 1 < argc) {
      options.cases = argv[++i];
    } else if (arg == "--threads" && i + 1 < argc) {
      options.threads = std::max(1, std::atoi(argv[++i]));
    } else if (arg == "--hot") {
      options.hot = true;
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return options;
}

int run(int argc, char** argv) {
  const Options options = take_options(argc, argv);
  std::vector<Row> rows = read_cases(options.cases);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (Row& row : rows) {
    benchmark::RegisterBenchmark(row.problem.c_str(), [&](benchmark::State& s) { measure(s, row, options); })
        ->UseManualTime()
        ->MinTime(0.3)
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RunSpecifiedBenchmarks();
  int passed = 0, failed = 0;
  for (const Row& row : rows) {
    if (row.gate == 0 || row.ratio == 0) continue;
    ++(row.ratio <= row.gate ? passed : failed);
    if (row.ratio > row.gate)
      std::cout << fmt::format("over its gate: {} {:.2f} > {}\n", row.problem, row.ratio, row.gate);
  }
  std::cout << fmt::format("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace poise::bench

int main(int argc, char** argv) {
  try {
    return poise::bench::run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "poise_bench: " << e.what() << "\n";
    return 2;
  }
}
