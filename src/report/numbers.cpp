// The numbers of the channels, and how those of several files differ.

#include <algorithm>

#include <fmt/format.h>
#include <poise/error.h>

#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

std::string channel_row(const StatisticsFile& file, std::int64_t channel) {
  const ChannelSummary s = file.statistics.summary(channel);
  const Estimate meant = estimate(file, channel);
  const double scale = file.scale();
  std::string out = fmt::format("<tr data-channel=\"{}\"><th>{}</th>", channel, channel_name(file, channel));
  out += count_cell("count", s.count) + number_cell("mean", meant.mean) + number_cell("std", meant.std);
  out += number_cell("unit.mean", meant.mean / scale) + number_cell("unit.std", meant.std / scale);
  out += s.std_sample ? number_cell("std_sample", *s.std_sample) : text_cell("-");
  out += s.min ? number_cell("min", *s.min) + number_cell("max", *s.max) : text_cell("-") + text_cell("-");
  const Counts counts = file.statistics.counts(channel);
  if (counts.empty()) return out + "</tr>\n";
  for (const double q : {0.01, 0.5, 0.99}) out += count_cell(fmt::format("quantiles.{}", q), quantile(counts, q));
  return out + number_cell("share_low", share(counts, 0), 6) +
         number_cell("share_high", share(counts, counts.size() - 1), 6) + "</tr>\n";
}

std::string drift_row(const StatisticsFile& file, std::size_t channel, const ChannelDrift& d) {
  return fmt::format("<tr data-channel=\"{}\"><th>{}</th>", channel,
                     channel_name(file, static_cast<std::int64_t>(channel))) +
         number_cell("shift", d.shift, 6) + number_cell("ratio", d.ratio, 6) +
         (d.gap ? number_cell("gap", *d.gap, 6) : text_cell("-")) + number_cell("distance", d.distance(), 6) +
         text_cell(d.distance() > drift_threshold ? "drift" : "same") + "</tr>\n";
}

}  // namespace

std::string channel_name(const StatisticsFile& file, std::int64_t channel) {
  const Provenance& p = file.provenance;
  const std::int64_t channels = file.statistics.channels();
  if (channels == 1) return "all values";
  if (p.per == Grouping::pixel) return fmt::format("value {}", channel);
  if (p.images && channels == 3) {
    return std::vector<std::string>{"red", "green", "blue"}[static_cast<std::size_t>(channel)];
  }
  return fmt::format("channel {}", channel);
}

const char* channels_word(const StatisticsFile& file) {
  return file.provenance.per == Grouping::pixel ? "values" : "channels";
}

std::size_t rows_of(std::size_t files) { return std::max<std::size_t>(40 / files, 4); }

Comparison compare(const StatisticsFile& a, const StatisticsFile& b) {
  try {
    return {drift(a, b), ""};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

std::size_t Comparison::farthest() const {
  const auto nearer = [](const ChannelDrift& x, const ChannelDrift& y) { return x.distance() < y.distance(); };
  return static_cast<std::size_t>(std::max_element(channels.begin(), channels.end(), nearer) - channels.begin());
}

std::string channels_section(const StatisticsFile& file, std::size_t index, std::size_t rows) {
  const bool bytes = file.provenance.dtype == DType::u8;
  const auto channels = static_cast<std::size_t>(file.statistics.channels());
  std::string out = fmt::format("<table class=\"numbers\" data-file=\"{}\">\n", index);
  out +=
      "<tr><th></th><th>count</th><th>mean</th><th>std</th><th>mean in [0, 1]</th><th>std in [0, 1]</th>"
      "<th>std (n-1)</th><th>min</th><th>max</th>";
  // Only what was counted value by value has these.
  if (channels > 0 && !file.statistics.counts(0).empty()) {
    out += fmt::format("<th>1 %</th><th>50 %</th><th>99 %</th><th>share at 0</th><th>share at {}</th>",
                       bytes ? "255" : "65535");
  }
  out += "</tr>\n";
  const std::size_t shown = std::min(channels, file.provenance.per == Grouping::pixel ? rows / 4 : rows);
  for (std::size_t c = 0; c < shown; ++c) out += channel_row(file, static_cast<std::int64_t>(c));
  out += "</table>\n" + and_more(channels - shown, channels_word(file));
  if (!file.provenance.dtype.is_integer()) {
    out += paragraph("note", "Floating data is not rescaled: \"in [0, 1]\" are its raw values.");
  }
  return section(fmt::format("numbers-{}", index), "Numbers of " + title_html(file), out);
}

std::string drift_section(Files files) {
  std::string out;
  for (std::size_t i = 1; i < files.size(); ++i) {
    const Comparison comparison = compare(files[0], files[i]);
    const std::size_t channels = comparison.channels.size(), rows = std::min(channels, rows_of(files.size()));
    if (channels == 0) continue;
    std::vector<std::size_t> order(channels);
    for (std::size_t c = 0; c < channels; ++c) order[c] = c;
    // Where not all are shown, those that drift most come first.
    const auto farther = [&](std::size_t x, std::size_t y) {
      return comparison.channels[x].distance() > comparison.channels[y].distance();
    };
    if (rows < channels) std::stable_sort(order.begin(), order.end(), farther);
    out += "<h3>" + title_html(files[i]) + " against " + title_html(files[0]) + "</h3>\n";
    out += fmt::format("<table class=\"numbers\" data-drift=\"{}\">\n", i);
    out += header_row({"", "mean shift", "std ratio", "largest gap", "distance", ""});
    for (std::size_t k = 0; k < rows; ++k) out += drift_row(files[0], order[k], comparison.channels[order[k]]);
    out += "</table>\n" + and_more(channels - rows, std::string(channels_word(files[0])) + " that are nearer");
  }
  if (out.empty()) return "";
  out +=
      paragraph("note",
                "Mean shift: in deviations of the first. Largest gap: of the cumulative shares. Distance: the largest "
                "of the shift, the logarithm of the ratio and the gap.");
  return section("compared", "Compared", out);
}

}  // namespace poise
