#include "cli/check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "data/drift.h"

namespace poise {
namespace {

// One `poise check ...`, as given.
struct Request {
  std::string a, b;
  double threshold = drift_threshold;
  bool json = false;
};

struct Findings {
  double threshold;
  std::vector<ChannelDrift> channels;
  bool same_data;
  std::optional<std::uint64_t> shared;  // samples of b in a, where their hashes are known
  std::uint64_t samples;                // of b

  bool drifts(const ChannelDrift& channel) const { return channel.distance() > threshold; }
  std::int64_t drifting() const {
    return std::count_if(channels.begin(), channels.end(), [&](const ChannelDrift& c) { return drifts(c); });
  }
  bool leaks() const { return same_data || shared.value_or(0) > 0; }
};

Findings compare(const StatisticsFile& a, const StatisticsFile& b, double threshold) {
  return {threshold, drift(a, b), a.provenance.fingerprint == b.provenance.fingerprint, samples_in_both(a, b),
          b.provenance.used};
}

// So many channels are shown, those that drift most first.
constexpr std::size_t shown_channels = 16;

constexpr const char* row = "{:<9} {:>12} {:>12} {:>12} {:>12}  {}\n";

void print_channels(const Findings& found) {
  const std::vector<ChannelDrift>& channels = found.channels;
  std::vector<std::size_t> order(channels.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto farther = [&](std::size_t i, std::size_t k) { return channels[i].distance() > channels[k].distance(); };
  if (order.size() > shown_channels) std::stable_sort(order.begin(), order.end(), farther);
  fmt::print(fmt::runtime(row), "channel", "mean shift", "std ratio", "largest gap", "distance", "verdict");
  for (std::size_t k = 0; k < std::min(order.size(), shown_channels); ++k) {
    const ChannelDrift& c = channels[order[k]];
    fmt::print(fmt::runtime(row), order[k], fmt::format("{:.4f}", c.shift), fmt::format("{:.4f}", c.ratio),
               c.gap ? fmt::format("{:.4f}", *c.gap) : "-", fmt::format("{:.4f}", c.distance()),
               found.drifts(c) ? "drift" : "same");
  }
  if (order.size() > shown_channels) fmt::print("... and {} channels that are nearer\n", order.size() - shown_channels);
}

void print_verdict(const Findings& found) {
  if (found.drifting() == 0) fmt::print("drift: none above {}\n", found.threshold);
  if (found.drifting() > 0) {
    fmt::print("drift: {} of {} channels above {}\n", found.drifting(), found.channels.size(), found.threshold);
  }
  if (found.same_data) {
    fmt::print("leak: both are statistics of the same samples\n");
  } else if (found.shared) {
    fmt::print("leak: {} of the {} samples of B are in A\n", *found.shared, found.samples);
  } else {
    fmt::print("leak: not the same data set; single samples are compared where both files were made with --samples\n");
  }
}

// An infinite distance is null.
void print_json(const Findings& found) {
  using Json = nlohmann::ordered_json;
  Json json = {{"schema", "poise.check/1"}, {"threshold", found.threshold}, {"drift", found.drifting() > 0}};
  json["leak"] = found.leaks();
  json["same_data"] = found.same_data;
  json["samples_of_b"] = found.samples;
  json["samples_of_b_in_a"] = found.shared ? Json(*found.shared) : Json(nullptr);
  json["channels"] = Json::array();
  for (const ChannelDrift& c : found.channels) {
    json["channels"].push_back({{"mean_shift", c.shift},
                                {"std_ratio", c.ratio},
                                {"largest_gap", c.gap ? Json(*c.gap) : Json(nullptr)},
                                {"distance", c.distance()},
                                {"drift", found.drifts(c)}});
  }
  fmt::print("{}\n", json.dump(2));
}

void check(const Request& request) {
  if (!(request.threshold > 0)) {
    throw Error(Code::usage, fmt::format("[check] --threshold: expected a number above 0, got {}", request.threshold));
  }
  const Findings found = compare(read_statistics(request.a), read_statistics(request.b), request.threshold);
  if (request.json) {
    print_json(found);
  } else {
    print_channels(found);
    print_verdict(found);
  }
  if (found.drifting() > 0 || found.leaks()) throw Differs();
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
  command->add_flag("--json", request->json, "Print the comparison as JSON, poise.check/1");
  command->callback([request] { check(*request); });
}

}  // namespace poise
