// What was measured: verdict, provenance, numbers, histograms.

#include "report/sections.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/drift.h"
#include "report/charts.h"
#include "report/html.h"

namespace poise {
namespace {

// So many are shown; the file has all.
constexpr std::int64_t shown_rows = 32, shown_charts = 4;
constexpr std::size_t shown_series = 4, bins = 256;

std::string paragraph(const char* kind, const std::string& html) {
  return fmt::format("<p class=\"{}\">{}</p>\n", kind, html);
}

std::string section(const std::string& title, const std::string& body) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", title, body);
}

std::string header(std::initializer_list<const char*> names) {
  std::string out = "<tr>";
  for (const char* name : names) out += fmt::format("<th>{}</th>", name);
  return out + "</tr>\n";
}

std::string channel_name(const StatisticsFile& file, std::int64_t channel) {
  const std::int64_t channels = file.statistics.channels();
  if (channels == 1) return "all values";
  if (file.provenance.images && file.provenance.per == Grouping::channel && channels == 3) {
    return std::vector<std::string>{"red", "green", "blue"}[static_cast<std::size_t>(channel)];
  }
  return fmt::format("channel {}", channel);
}

// Shares of the 256 values, or of 256 equal parts of 65,536.
std::vector<double> shares_of(Counts counts) {
  std::vector<double> shares(bins);
  const auto all = static_cast<double>(std::max<std::uint64_t>(total(counts), 1));
  for (std::size_t v = 0; v < counts.size(); ++v) {
    shares[v * bins / counts.size()] += static_cast<double>(counts[v]) / all;
  }
  return shares;
}

// Both, or what keeps them from being compared.
struct Comparison {
  std::vector<ChannelDrift> channels;
  std::string refusal;

  double distance() const {
    double most = 0;
    for (const ChannelDrift& channel : channels) most = std::max(most, channel.distance());
    return most;
  }
};

Comparison compare(const StatisticsFile& a, const StatisticsFile& b) {
  try {
    return {drift(a, b), ""};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

std::string compared(const StatisticsFile& a, const StatisticsFile& b) {
  const Comparison comparison = compare(a, b);
  const std::string both = title_html(b) + " against " + title_html(a);
  std::string out;
  if (!comparison.refusal.empty()) {
    out += paragraph("warn", both + ": cannot be compared. " + name_html(comparison.refusal));
  } else if (comparison.distance() > drift_threshold) {
    out += paragraph("bad", fmt::format("{}: drift, a distance of {:.4g} where {} is allowed.", both,
                                        comparison.distance(), drift_threshold));
  } else {
    out += paragraph("good", fmt::format("{}: no drift, the largest distance is {:.4g}.", both, comparison.distance()));
  }
  const std::optional<std::uint64_t> shared = samples_in_both(a, b);
  if (a.provenance.fingerprint == b.provenance.fingerprint) {
    out += paragraph("bad", both + ": the same samples.");
  } else if (shared && *shared > 0) {
    out += paragraph("bad", fmt::format("{}: {} samples are in both.", both, *shared));
  } else if (shared) {
    out += paragraph("good", both + ": no sample is in both.");
  }
  return out;
}

// What a reader of the numbers would not expect.
std::string warnings_of(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  std::string out;
  const auto warn = [&](const std::string& text) { out += paragraph("warn", title_html(file) + ": " + text); };
  if (p.failed > 0) warn(fmt::format("{} of {} samples could not be read and are left out.", p.failed, p.seen));
  if (p.skipped > 0) warn(fmt::format("{} of {} were skipped: no images.", p.skipped, p.seen));
  std::int64_t constant = 0;
  std::uint64_t special = 0;
  double clipped = 0;
  for (std::int64_t c = 0; c < file.statistics.channels(); ++c) {
    const ChannelSummary summary = file.statistics.summary(c);
    const Counts counts = file.statistics.counts(c);
    constant += summary.min == summary.max ? 1 : 0;
    if (!counts.empty()) clipped = std::max(clipped, share(counts, counts.size() - 1));
  }
  for (const FloatChannel& channel : file.statistics.floats()) {
    special += channel.nan + channel.positive_infinity + channel.negative_infinity;
  }
  if (constant > 0) warn(fmt::format("{} of {} channels are constant.", constant, file.statistics.channels()));
  if (special > 0) warn(fmt::format("{} NaN and infinite values are left out.", special));
  if (clipped > 0.05) warn(fmt::format("{:.3g} % of a channel's values are at the upper end, clipped.", 100 * clipped));
  if (file.estimator != Estimator::pixel)
    warn("the std is not that of the pixels, but " + std::string(word_of(file.estimator)) + ".");
  if (!p.split) warn("does not say which split it is of.");
  return out;
}

std::string row(const char* name, std::span<const StatisticsFile> files, std::string (*cell)(const StatisticsFile&)) {
  std::string out = fmt::format("<tr><th>{}</th>", name);
  for (const StatisticsFile& file : files) out += cell(file);
  return out + "</tr>\n";
}

std::string named(const std::string& text) { return text_cell(name_html(text)); }

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
  for (const double q : {0.01, 0.5, 0.99}) {
    out += counts.empty() ? text_cell("-") : count_cell(fmt::format("quantiles.{}", q), quantile(counts, q));
  }
  if (counts.empty()) return out + text_cell("-") + text_cell("-") + "</tr>\n";
  return out + number_cell("share_low", share(counts, 0)) +
         number_cell("share_high", share(counts, counts.size() - 1)) + "</tr>\n";
}

std::vector<Series> series_of(std::span<const StatisticsFile> files, std::int64_t channel) {
  std::vector<Series> series;
  for (const StatisticsFile& file : files.first(std::min(files.size(), shown_series))) {
    if (channel >= file.statistics.channels()) continue;
    const Counts counts = file.statistics.counts(channel);
    if (!counts.empty()) series.push_back({title_text(file), shares_of(counts)});
  }
  return series;
}

std::string figure(const std::string& svg, const std::string& caption) {
  return "<figure>\n" + svg + "<figcaption>" + caption + "</figcaption>\n</figure>\n";
}

}  // namespace

std::string title_text(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  return (p.split ? *p.split + ": " : "") + p.name;
}

std::string title_html(const StatisticsFile& file) { return name_html(title_text(file)); }

std::string verdict_section(std::span<const StatisticsFile> files) {
  std::string out = "<section id=\"verdict\">\n";
  for (std::size_t i = 1; i < files.size(); ++i) out += compared(files[0], files[i]);
  std::string warnings;
  for (const StatisticsFile& file : files) warnings += warnings_of(file);
  if (files.size() == 1 && warnings.empty()) {
    out += paragraph("good", fmt::format("All {} samples were read; nothing stands out.", files[0].provenance.used));
  }
  return out + warnings + "</section>\n";
}

std::string provenance_section(std::span<const StatisticsFile> files) {
  using File = const StatisticsFile&;
  std::string out = "<table>\n";
  out += row("data", files, [](File f) { return named(f.provenance.name); });
  out += row("split", files, [](File f) { return text_cell(f.provenance.split.value_or("not said")); });
  out += row("seen", files, [](File f) { return count_cell("seen", f.provenance.seen); });
  out += row("used", files, [](File f) { return count_cell("used", f.provenance.used); });
  out += row("skipped", files, [](File f) { return count_cell("skipped", f.provenance.skipped); });
  out += row("failed", files, [](File f) { return count_cell("failed", f.provenance.failed); });
  out += row("format", files, [](File f) { return named(f.provenance.format + ", " + f.provenance.compression); });
  out += row("values", files, [](File f) {
    const Dims& shape = f.provenance.shape;
    return text_cell(fmt::format("{}, {}", name_of(f.provenance.dtype), shape.empty() ? "sizes differ" : shape.str()));
  });
  out += row("decoder", files, [](File f) { return named(f.provenance.decoder.empty() ? "-" : f.provenance.decoder); });
  out += row("std is", files, [](File f) { return text_cell(word_of(f.estimator)); });
  out += row("mean weighs each", files, [](File f) { return text_cell(word_of(f.weight)); });
  out += row("content", files, [](File f) { return text_cell(f.provenance.fingerprint.str()); });
  out += row("measured by", files, [](File f) { return named("Poise " + f.provenance.poise_version); });
  out += row("measured at", files, [](File f) { return named(f.run ? f.run->time : "-"); });
  return section("Where it comes from", out + "</table>\n");
}

std::string channels_section(const StatisticsFile& file, std::size_t index) {
  std::string out = fmt::format("<table data-file=\"{}\">\n", index);
  out += header({"", "count", "mean", "std", "mean in [0, 1]", "std in [0, 1]", "std (n-1)", "min", "max", "1 %",
                 "50 %", "99 %", "share at 0", "share at the top"});
  const std::int64_t channels = file.statistics.channels();
  for (std::int64_t c = 0; c < std::min(channels, shown_rows); ++c) out += channel_row(file, c);
  out += "</table>\n";
  if (channels > shown_rows) out += paragraph("note", fmt::format("... and {} more channels.", channels - shown_rows));
  if (!file.provenance.dtype.is_integer()) {
    out += paragraph("note", "Floating data is not rescaled: \"in [0, 1]\" are its raw values.");
  }
  return section("Numbers of " + title_html(file), out);
}

std::string histograms_section(std::span<const StatisticsFile> files) {
  std::string out;
  for (std::int64_t c = 0; c < std::min(files[0].statistics.channels(), shown_charts); ++c) {
    const std::vector<Series> series = series_of(files, c);
    if (series.empty()) continue;
    const std::string name = channel_name(files[0], c);
    const Axis axis{0, files[0].scale(), "value"};
    out += "<div class=\"row\">\n";
    out += figure(histogram_svg("Histogram of " + name, series, axis, false), name + ": share of the values");
    out += figure(histogram_svg("Histogram of " + name + ", logarithmic", series, axis, true),
                  name + ": the same, logarithmic");
    out += "</div>\n";
  }
  if (out.empty()) return "";
  std::string legend;
  for (std::size_t i = 0; files.size() > 1 && i < std::min(files.size(), shown_series); ++i) {
    legend += fmt::format("<span class=\"k{}\">&#9632;</span> {} ", i, title_html(files[i]));
  }
  return section("Histograms", (legend.empty() ? "" : "<p>" + legend + "</p>\n") + out);
}

std::string normalization_section(const StatisticsFile& file) {
  std::string out;
  for (std::int64_t c = 0; c < std::min(file.statistics.channels(), shown_charts); ++c) {
    const std::vector<Series> series = series_of({&file, 1}, c);
    const Estimate meant = estimate(file, c);
    if (series.empty() || !(meant.std > 0)) continue;
    const std::string name = channel_name(file, c);
    const Axis before{0, file.scale(), "before: value"};
    const Axis after{-meant.mean / meant.std, (file.scale() - meant.mean) / meant.std, "after z-score"};
    out += figure(mapped_svg("Histogram of " + name + " before and after normalization", series[0], before, after),
                  name + fmt::format(": from {:.4g} to {:.4g} after z-score; dashed -1, 0, 1", after.low, after.high));
  }
  return out.empty() ? "" : section("Before and after normalization", "<div class=\"row\">\n" + out + "</div>\n");
}

std::string drift_section(std::span<const StatisticsFile> files) {
  std::string out;
  for (std::size_t i = 1; i < files.size(); ++i) {
    const Comparison comparison = compare(files[0], files[i]);
    if (comparison.channels.empty()) continue;
    out += "<h3>" + title_html(files[i]) + " against " + title_html(files[0]) + "</h3>\n";
    out += fmt::format("<table data-drift=\"{}\">\n", i);
    out += header({"", "mean shift", "std ratio", "largest gap", "distance", ""});
    const auto count = static_cast<std::int64_t>(comparison.channels.size());
    for (std::int64_t c = 0; c < std::min(count, shown_rows); ++c) {
      const ChannelDrift& d = comparison.channels[static_cast<std::size_t>(c)];
      out += fmt::format("<tr><th>{}</th>", channel_name(files[0], c)) + number_cell("shift", d.shift) +
             number_cell("ratio", d.ratio) + (d.gap ? number_cell("gap", *d.gap) : text_cell("-")) +
             number_cell("distance", d.distance()) + text_cell(d.distance() > drift_threshold ? "drift" : "same") +
             "</tr>\n";
    }
    out += "</table>\n";
  }
  if (out.empty()) return "";
  out +=
      paragraph("note",
                "Mean shift: in deviations of the first. Largest gap: of the cumulative shares. Distance: the largest "
                "of the shift, the logarithm of the ratio and the gap.");
  return section("Compared", out);
}

}  // namespace poise
