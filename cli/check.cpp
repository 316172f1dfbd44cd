#include "cli/check.h"

#include <algorithm>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/cli.h"
#include "data/drift.h"

namespace poise {
namespace {

// One `poise check ...`, as given.
struct Request {
  std::string a, b;
  double threshold = drift_threshold;
};

// So many channels are shown, those that drift most first.
constexpr std::size_t shown_channels = 16;

constexpr const char* row = "{:<9} {:>12} {:>12} {:>12} {:>12}  {}\n";

void print_channels(const std::vector<ChannelDrift>& channels, double threshold) {
  std::vector<std::size_t> order(channels.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto farther = [&](std::size_t i, std::size_t k) { return channels[i].distance() > channels[k].distance(); };
  if (order.size() > shown_channels) std::stable_sort(order.begin(), order.end(), farther);
  fmt::print(fmt::runtime(row), "channel", "mean shift", "std ratio", "largest gap", "distance", "verdict");
  for (std::size_t k = 0; k < std::min(order.size(), shown_channels); ++k) {
    const ChannelDrift& c = channels[order[k]];
    fmt::print(fmt::runtime(row), order[k], fmt::format("{:.4f}", c.shift), fmt::format("{:.4f}", c.ratio),
               c.gap ? fmt::format("{:.4f}", *c.gap) : "-", fmt::format("{:.4f}", c.distance()),
               c.distance() > threshold ? "drift" : "same");
  }
  if (order.size() > shown_channels) fmt::print("... and {} channels that are nearer\n", order.size() - shown_channels);
}

// True: there is drift.
bool check_drift(const StatisticsFile& a, const StatisticsFile& b, double threshold) {
  const std::vector<ChannelDrift> channels = drift(a, b);
  print_channels(channels, threshold);
  std::size_t found = 0;
  for (const ChannelDrift& channel : channels) found += channel.distance() > threshold ? 1 : 0;
  if (found == 0) fmt::print("drift: none above {}\n", threshold);
  if (found > 0) fmt::print("drift: {} of {} channels above {}\n", found, channels.size(), threshold);
  return found > 0;
}

// True: samples are in both.
bool check_leak(const StatisticsFile& a, const StatisticsFile& b) {
  if (a.provenance.fingerprint == b.provenance.fingerprint) {
    fmt::print("leak: both are statistics of the same samples\n");
    return true;
  }
  const std::optional<std::uint64_t> shared = samples_in_both(a, b);
  if (!shared) {
    fmt::print("leak: not the same data set; single samples are compared where both files were made with --samples\n");
    return false;
  }
  fmt::print("leak: {} of the {} samples of B are in A\n", *shared, b.samples->size());
  return *shared > 0;
}

void check(const Request& request) {
  if (!(request.threshold > 0)) {
    throw Error(Code::usage, fmt::format("[check] --threshold: expected a number above 0, got {}", request.threshold));
  }
  const StatisticsFile a = read_statistics(request.a), b = read_statistics(request.b);
  const bool drifts = check_drift(a, b, request.threshold);
  const bool leaks = check_leak(a, b);
  if (drifts || leaks) throw Differs();
}

}  // namespace

void add_check(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "check", "Compare the statistics of two data sets, exit 1 for drift or samples in both: poise check A B");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  command->add_option("A", request->a, "A statistics file, of the training data say")->required()->type_name("A");
  command->add_option("B", request->b, "Another, of the test data say")->required()->type_name("B");
  command
      ->add_option("--threshold", request->threshold,
                   fmt::format("The distance of a channel that counts as drift; {} by default", drift_threshold))
      ->type_name("X");
  command->callback([request] { check(*request); });
}

}  // namespace poise
