#include "cli/stats.h"

#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "cli/data_set.h"
#include "data/scan.h"
#include "io/atomic_file.h"

namespace poise {
namespace {

// One `poise stats ...`, as given.
struct Request {
  DataSet data;
  std::string output;
  std::optional<std::string> split;
  bool force = false, json = false;
};

// So many channels are shown; the file has all.
constexpr std::int64_t shown_channels = 16;

std::string cell(const std::optional<double>& value) { return value ? fmt::format("{:.10g}", *value) : "-"; }
// All ten digits, also zeros at the end: published statistics are compared digit by digit.
std::string digits(const std::optional<double>& value) { return value ? fmt::format("{:#.10g}", *value) : "-"; }

void print_header(const Provenance& p) {
  fmt::print("{}: {}{}, {}, {}\n", p.name, p.format, p.compression == "none" ? "" : " (" + p.compression + ")",
             name_of(p.dtype), p.shape.empty() ? "one value" : p.shape.str());
  fmt::print("samples: {} seen, {} used, {} skipped, {} failed{}\n", p.seen, p.used, p.skipped, p.failed,
             p.split ? "; split " + *p.split : "");
}

constexpr const char* row = "{:<9} {:>14} {:>15} {:>15} {:>15} {:>12} {:>12}";

void print_row(std::string_view name, std::string_view count, const ChannelSummary& s, double scale) {
  const auto scaled = [&](const std::optional<double>& v) { return v ? std::optional(*v / scale) : v; };
  const bool any = s.count > 0;
  fmt::print(fmt::runtime(row), name, count, any ? digits(s.mean / scale) : "-", any ? digits(s.std / scale) : "-",
             digits(scaled(s.std_sample)), cell(scaled(s.min)), cell(scaled(s.max)));
}

void print_bytes(const StatisticsFile& file, std::int64_t channel, const ChannelSummary& summary) {
  const Histogram& histogram = file.statistics.histograms()[static_cast<std::size_t>(channel)];
  print_row("  [0, 1]", "", summary, file.scale());
  fmt::print("\n  quantiles 1% {}, 5% {}, 25% {}, 50% {}, 75% {}, 95% {}, 99% {}; share of 0 {:.6f}, of 255 {:.6f}\n",
             histogram.quantile(0.01), histogram.quantile(0.05), histogram.quantile(0.25), histogram.quantile(0.5),
             histogram.quantile(0.75), histogram.quantile(0.95), histogram.quantile(0.99), histogram.share(0),
             histogram.share(255));
}

}  // namespace

void print_summary(const StatisticsFile& file) {
  print_header(file.provenance);
  fmt::print(fmt::runtime(row), "channel", "count", "mean", "std", "std (n-1)", "min", "max");
  fmt::print("\n");
  const std::int64_t channels = file.statistics.channels();
  for (std::int64_t c = 0; c < std::min(channels, shown_channels); ++c) {
    const ChannelSummary summary = file.statistics.summary(c);
    const std::string name = file.provenance.channel_axis < 0 ? "all" : fmt::format("{}", c);
    print_row(name, fmt::format("{}", summary.count), summary, 1);
    fmt::print("\n");
    if (file.provenance.dtype == DType::u8) print_bytes(file, c, summary);
  }
  if (channels > shown_channels) fmt::print("... and {} more channels\n", channels - shown_channels);
}

// What a reader of the mean would not expect.
void print_notes(const StatisticsFile& file) {
  std::int64_t constant = 0;
  std::uint64_t nan = 0, infinite = 0;
  for (std::int64_t c = 0; c < file.statistics.channels(); ++c) {
    const ChannelSummary summary = file.statistics.summary(c);
    if (summary.min == summary.max) ++constant;
  }
  for (const FloatChannel& channel : file.statistics.floats()) {
    nan += channel.nan;
    infinite += channel.positive_infinity + channel.negative_infinity;
  }
  if (nan + infinite > 0) note(fmt::format("{} NaN and {} infinite values are left out", nan, infinite));
  if (constant > 0) note(fmt::format("{} of {} channels are constant", constant, file.statistics.channels()));
}

namespace {

void stats(const Request& request) {
  if (request.split) check_split(*request.split);
  // Before the work, so that a refusal comes early.
  std::optional<AtomicFile> output;
  if (!request.output.empty()) output.emplace(request.output, request.force);
  const std::unique_ptr<DataSource> source = request.data.open();
  const StatisticsFile file = scan(*source, {request.data.channel_axis_of(source->info()), request.split});
  const std::string json = to_json(file);
  if (output) {
    output->write(std::as_bytes(std::span(json)));
    output->commit();
  }
  if (request.json) {
    fmt::print("{}", json);
  } else {
    print_summary(file);
  }
  print_notes(file);
}

}  // namespace

void add_stats(CLI::App& app) {
  CLI::App* command = app.add_subcommand("stats", "Exact statistics of a data set: poise stats DATA -o FILE");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  add_data_set(*command, request->data);
  command->add_option("-o,--output", request->output, "The statistics file, JSON poise.stats/1")->type_name("FILE");
  command->add_option("--split", request->split, "What part of the data this is, to be kept with the statistics")
      ->type_name("train|val|test");
  command->add_flag("--json", request->json, "Print the statistics file instead of the summary");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { stats(*request); });
}

}  // namespace poise
