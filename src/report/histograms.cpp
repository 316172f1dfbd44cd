// How the values are distributed, and what normalization makes of that.

#include <algorithm>

#include <fmt/format.h>

#include "report/charts.h"
#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

constexpr std::int64_t shown_charts = 4;
constexpr std::size_t shown_series = 4, bins = 256;

// Shares of the 256 values, or of 256 equal parts of 65,536.
std::vector<double> shares_of(Counts counts) {
  std::vector<double> shares(bins);
  const auto all = static_cast<double>(std::max<std::uint64_t>(total(counts), 1));
  for (std::size_t v = 0; v < counts.size(); ++v) {
    shares[v * bins / counts.size()] += static_cast<double>(counts[v]) / all;
  }
  return shares;
}

// One a file, flat where it has no counts or other channels; none where no file has any.
std::vector<Series> series_of(Files files, std::int64_t channel) {
  std::vector<Series> series;
  bool any = false;
  for (const StatisticsFile& file : files.first(std::min(files.size(), shown_series))) {
    const bool alike = file.statistics.channels() == files[0].statistics.channels();
    const Counts counts = alike ? file.statistics.counts(channel) : Counts();
    any = any || !counts.empty();
    series.push_back({title_text(file), shares_of(counts)});
  }
  return any ? series : std::vector<Series>();
}

std::string figure(const std::string& svg, const std::string& caption) {
  return "<figure>\n" + svg + "<figcaption>" + caption + "</figcaption>\n</figure>\n";
}

}  // namespace

std::string histograms_section(Files files) {
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
  return section("histograms", "Histograms", (legend.empty() ? "" : "<p>" + legend + "</p>\n") + out);
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
  if (out.empty()) return "";
  return section("normalization", "Before and after normalization of " + title_html(file),
                 "<div class=\"row\">\n" + out + "</div>\n");
}

}  // namespace poise
