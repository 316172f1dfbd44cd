// What the numbers mean and which samples stand out: presets, sizes, classes, outliers, failures.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <poise/preset.h>

#include "report/charts.h"
#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

constexpr std::size_t shown_classes = 40, shown_failures = 100, shown_sizes = 12;

std::string section(const StatisticsFile& file, const std::string& title, const std::string& body) {
  return "<section>\n<h2>" + title + " of " + title_html(file) + "</h2>\n" + body + "</section>\n";
}

std::string triple(const char* key, const std::vector<double>& values) {
  std::string out;
  for (std::size_t c = 0; c < values.size(); ++c) out += number_cell(fmt::format("{}.{}", key, c), values[c]);
  return out;
}

struct Numbers {
  std::vector<double> mean, std;
};

std::string numbers_row(const std::string& name, const Numbers& numbers, const std::string& what) {
  return "<tr><th>" + name + "</th>" + triple("mean", numbers.mean) + triple("std", numbers.std) + text_cell(what) +
         "</tr>\n";
}

// The estimators that circulate beside the deviation of the values, as far as the file has them.
std::string estimator_rows(const StatisticsFile& file) {
  Numbers pixel, averaged, root;
  for (std::int64_t c = 0; c < file.statistics.channels(); ++c) {
    const ChannelSummary summary = file.statistics.summary(c);
    pixel.mean.push_back(summary.mean / file.scale());
    pixel.std.push_back(summary.std / file.scale());
    if (file.statistics.samples().empty()) continue;
    const SampleMoments& samples = file.statistics.samples()[static_cast<std::size_t>(c)];
    averaged.mean.push_back(samples.mean_of_means() / file.scale());
    averaged.std.push_back(samples.mean_of_std() / file.scale());
    root.mean.push_back(samples.mean_of_means() / file.scale());
    root.std.push_back(samples.sqrt_mean_var() / file.scale());
  }
  std::string out = numbers_row("this data", pixel, "std of all values");
  if (averaged.mean.empty()) return out;
  out += numbers_row("this data, averaged", averaged,
                     "mean of each sample's own std: not the std of the values; mean of the samples' means");
  return out + numbers_row("this data, root of averaged", root,
                           "root of the samples' mean variance: leaves out how the samples differ");
}

Numbers numbers_of(const Preset& preset, std::int64_t channels) {
  Numbers numbers;
  for (std::int64_t c = 0; c < channels; ++c) {
    numbers.mean.push_back(preset.mean[preset.channels == 1 ? 0 : c]);
    numbers.std.push_back(preset.std[preset.channels == 1 ? 0 : c]);
  }
  return numbers;
}

std::string outlier_rows(const char* kind, const std::vector<Outlier>& outliers) {
  std::string out;
  for (const Outlier& outlier : outliers) {
    out += fmt::format("<tr><th>{}</th>", kind) + text_cell(name_html(outlier.name)) +
           number_cell("mean", outlier.mean) + number_cell("std", outlier.std) + "</tr>\n";
  }
  return out;
}

}  // namespace

std::string presets_section(const StatisticsFile& file) {
  const std::int64_t channels = file.statistics.channels();
  if (!file.provenance.dtype.is_integer() || channels > 4) return "";
  std::string out = "<table id=\"presets\">\n<tr><th></th>";
  out += fmt::format("<th colspan=\"{}\">mean</th><th colspan=\"{}\">std</th><th>the std is</th></tr>\n", channels,
                     channels);
  out += estimator_rows(file);
  for (const Preset& preset : presets()) {
    if (preset.channels != 1 && preset.channels != channels) continue;
    out += numbers_row(escaped(preset.name), numbers_of(preset, channels),
                       escaped(fmt::format("{}; {}", preset.estimator, preset.source)));
  }
  return section(file, "Published numbers beside those", out + "</table>\n");
}

std::string sizes_section(const StatisticsFile& file) {
  if (!file.sizes || file.sizes->images() == 0) return "";
  const ImageSizes& sizes = *file.sizes;
  std::string out = fmt::format("<p>Heights from {} to {}, widths from {} to {}.</p>\n", sizes.min_height,
                                sizes.max_height, sizes.min_width, sizes.max_width);
  std::vector<std::pair<std::uint64_t, std::string>> by_count;
  for (const auto& [size, images] : sizes.counts) {
    by_count.emplace_back(images, fmt::format("{} x {}", size.second, size.first));
  }
  const auto more = [](const auto& a, const auto& b) { return a.first > b.first; };
  std::stable_sort(by_count.begin(), by_count.end(), more);
  std::vector<std::pair<std::string, double>> bars;
  for (const auto& [images, name] : by_count) {
    if (bars.size() == shown_sizes) break;
    bars.emplace_back(name, static_cast<double>(images));
  }
  out += "<h3>Images by width x height</h3>\n";
  out += sizes.too_many ? fmt::format("<p>More than {} sizes.</p>\n", ImageSizes::max_different)
                        : bars_svg("Images by size", bars);
  if (by_count.size() > bars.size())
    out += fmt::format("<p class=\"note\">... and {} more sizes.</p>\n", by_count.size() - bars.size());
  bars.clear();
  for (std::size_t k = 0; k < sizes.aspects.size(); ++k) {
    if (sizes.aspects[k] == 0) continue;
    const double aspect = std::exp2((static_cast<double>(k) - 16) / 4);
    bars.emplace_back(fmt::format("{:.3g} : 1", aspect), static_cast<double>(sizes.aspects[k]));
  }
  out += "<h3>Images by width / height, to a quarter octave</h3>\n" + bars_svg("Images by aspect ratio", bars);
  return section(file, "Sizes", out);
}

std::string classes_section(const StatisticsFile& file) {
  if (!file.classes || file.classes->by_name.empty()) return "";
  std::vector<std::pair<std::string, double>> samples, means;
  for (const auto& [name, sums] : file.classes->by_name) {
    if (samples.size() == shown_classes) break;
    samples.emplace_back(name, static_cast<double>(sums.samples));
    double mean = 0;
    for (std::size_t c = 0; c < sums.sums.size(); ++c) mean += sums.mean(c);
    means.emplace_back(name, mean / static_cast<double>(std::max<std::size_t>(sums.sums.size(), 1)) / file.scale());
  }
  std::string out = "<div class=\"row\">\n<figure>\n" + bars_svg("Samples by class", samples);
  out += "<figcaption>samples</figcaption>\n</figure>\n<figure>\n" + bars_svg("Mean by class", means);
  out += "<figcaption>mean in [0, 1]</figcaption>\n</figure>\n</div>\n";
  const std::size_t all = file.classes->by_name.size();
  if (all > shown_classes) out += fmt::format("<p class=\"note\">... and {} more classes.</p>\n", all - shown_classes);
  return section(file, "Classes", out);
}

std::string outliers_section(const StatisticsFile& file) {
  if (!file.outliers || file.outliers->darkest.empty()) return "";
  std::string out = "<table>\n<tr><th></th><th>sample</th><th>mean</th><th>std</th></tr>\n";
  out += outlier_rows("darkest", file.outliers->darkest) + outlier_rows("brightest", file.outliers->brightest) +
         outlier_rows("flattest", file.outliers->flattest);
  return section(file, "Samples that stand out", out + "</table>\n");
}

std::string failures_section(const StatisticsFile& file) {
  const std::vector<Failure>& list = file.failures.list;
  if (list.empty()) return "";
  std::string out = "<table>\n<tr><th>sample</th><th>what is wrong</th></tr>\n";
  for (std::size_t i = 0; i < std::min(list.size(), shown_failures); ++i) {
    out += "<tr>" + text_cell(name_html(list[i].name)) + text_cell(name_html(list[i].error)) + "</tr>\n";
  }
  out += "</table>\n";
  if (file.provenance.failed > shown_failures) {
    out += fmt::format("<p class=\"note\">... and {} more.</p>\n", file.provenance.failed - shown_failures);
  }
  return section(file, "Damaged samples", out);
}

}  // namespace poise
