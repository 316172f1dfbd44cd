#include <optional>
#include <string>

#include <fmt/format.h>

#include "cli/cli.h"
#include "cli/data_set.h"
#include "cli/stats.h"

// What a person reads of a statistics file.

namespace poise {
namespace {

// So many channels are shown; the file has all.
constexpr std::int64_t shown_channels = 16;

std::string cell(const std::optional<double>& value) { return value ? fmt::format("{:.10g}", *value) : "-"; }
// All ten digits, also zeros at the end: published statistics are compared digit by digit.
std::string digits(const std::optional<double>& value) { return value ? fmt::format("{:#.10g}", *value) : "-"; }

void print_sizes(const ImageSizes& sizes) {
  fmt::print("sizes: {} x {} to {} x {}, ", sizes.min_width, sizes.min_height, sizes.max_width, sizes.max_height);
  sizes.too_many ? fmt::print("more than {} different\n", ImageSizes::max_different)
                 : fmt::print("{} different\n", sizes.counts.size());
}

void print_header(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  const bool mixed = p.images && p.shape.empty();
  fmt::print("{}: {}{}, {}, {}\n", printable(p.name), p.format,
             p.compression == "none" ? "" : " (" + p.compression + ")", name_of(p.dtype),
             mixed             ? "images of several sizes"
             : p.shape.empty() ? "one value"
                               : p.shape.str());
  fmt::print("samples: {} seen, {} used, {} skipped, {} failed{}\n", p.seen, p.used, p.skipped, p.failed,
             p.split ? "; split " + *p.split : "");
  if (file.sizes) print_sizes(*file.sizes);
  if (file.classes) {
    const Classes& classes = *file.classes;
    classes.too_many ? fmt::print("classes: more than {}\n", Classes::max_classes)
                     : fmt::print("classes: {}\n", classes.by_name.size());
  }
}

constexpr const char* row = "{:<9} {:>14} {:>15} {:>15} {:>15} {:>12} {:>12}";

void print_row(std::string_view name, std::string_view count, const ChannelSummary& s, double scale) {
  const auto scaled = [&](const std::optional<double>& v) { return v ? std::optional(*v / scale) : v; };
  const bool any = s.count > 0;
  fmt::print(fmt::runtime(row), name, count, any ? digits(s.mean / scale) : "-", any ? digits(s.std / scale) : "-",
             digits(scaled(s.std_sample)), cell(scaled(s.min)), cell(scaled(s.max)));
}

void print_unit(const StatisticsFile& file, std::int64_t channel, const ChannelSummary& summary) {
  print_row("  [0, 1]", "", summary, file.scale());
  fmt::print("\n");
  const Counts counts = file.statistics.counts(channel);
  if (counts.empty()) return;
  fmt::print("  quantiles 1% {}, 5% {}, 25% {}, 50% {}, 75% {}, 95% {}, 99% {}; share of 0 {:.6f}, of {} {:.6f}\n",
             quantile(counts, 0.01), quantile(counts, 0.05), quantile(counts, 0.25), quantile(counts, 0.5),
             quantile(counts, 0.75), quantile(counts, 0.95), quantile(counts, 0.99), share(counts, 0),
             counts.size() - 1, share(counts, counts.size() - 1));
}

// Labelled as what they are: none of them is the std of the data.
void print_estimators(const StatisticsFile& file, std::int64_t channel) {
  const SampleMoments& samples = file.statistics.samples()[static_cast<std::size_t>(channel)];
  fmt::print("  of the samples' own: mean of means {:#.10g}, mean of std {:#.10g}, root of mean variance {:#.10g}\n",
             samples.mean_of_means() / file.scale(), samples.mean_of_std() / file.scale(),
             samples.sqrt_mean_var() / file.scale());
  if (file.estimator == Estimator::pixel && file.weight == Weight::pixel) return;
  const Estimate meant = estimate(file, channel);
  fmt::print("  meant here: mean {:#.10g} (weight {}), std {:#.10g} ({})\n", meant.mean / file.scale(),
             word_of(file.weight), meant.std / file.scale(), word_of(file.estimator));
}

}  // namespace

void print_summary(const StatisticsFile& file) {
  print_header(file);
  fmt::print(fmt::runtime(row), "channel", "count", "mean", "std", "std (n-1)", "min", "max");
  fmt::print("\n");
  const std::int64_t channels = file.statistics.channels();
  for (std::int64_t c = 0; c < std::min(channels, shown_channels); ++c) {
    const ChannelSummary summary = file.statistics.summary(c);
    const bool one = file.provenance.channel_axis < 0 && file.provenance.per != Grouping::pixel;
    const std::string name = one ? "all" : fmt::format("{}", c);
    print_row(name, fmt::format("{}", summary.count), summary, 1);
    fmt::print("\n");
    if (file.provenance.dtype.is_integer()) print_unit(file, c, summary);
    if (!file.statistics.samples().empty()) print_estimators(file, c);
  }
  if (channels > shown_channels)
    fmt::print("... and {} more {}\n", channels - shown_channels,
               file.provenance.per == Grouping::pixel ? "pixels" : "channels");
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

}  // namespace poise
