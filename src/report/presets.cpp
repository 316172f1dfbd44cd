// The numbers of the data beside those that circulate.

#include <cmath>

#include <fmt/format.h>
#include <poise/preset.h>

#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

// Of values in [0, 1], one a channel.
struct Numbers {
  std::vector<double> mean, std;
};

std::string cells(const char* key, const std::vector<double>& values) {
  std::string out;
  for (std::size_t c = 0; c < values.size(); ++c) out += number_cell(fmt::format("{}.{}", key, c), values[c], 6);
  return out;
}

// What mean and std the data has after it is scaled by other numbers: "-0.12 ± 1.2".
std::string scaled_by(const Numbers& data, const Numbers& by) {
  std::string out;
  for (std::size_t c = 0; c < data.mean.size(); ++c) {
    if (!(by.std[c] > 0)) return "-";
    // Rounded first, so that no zero has a sign.
    const double mean = std::round(1000 * (data.mean[c] - by.mean[c]) / by.std[c]) / 1000;
    out += fmt::format("{}{:.3g} &#177; {:.3g}", c == 0 ? "" : ", ", mean == 0 ? 0 : mean, data.std[c] / by.std[c]);
  }
  return out;
}

std::string numbers_row(const std::string& name, const Numbers& numbers, const Numbers& data, const std::string& what) {
  return "<tr><th>" + name + "</th>" + cells("mean", numbers.mean) + cells("std", numbers.std) + "<td class=\"n\">" +
         scaled_by(data, numbers) + "</td><td class=\"text\">" + what + "</td></tr>\n";
}

Numbers pixel_numbers(const StatisticsFile& file) {
  Numbers numbers;
  for (std::int64_t c = 0; c < file.statistics.channels(); ++c) {
    const ChannelSummary summary = file.statistics.summary(c);
    numbers.mean.push_back(summary.mean / file.scale());
    numbers.std.push_back(summary.std / file.scale());
  }
  return numbers;
}

// The estimators that circulate beside the deviation of the values, as far as the file has them.
std::string averaged_rows(const StatisticsFile& file, const Numbers& data) {
  Numbers averaged, root;
  for (const SampleMoments& samples : file.statistics.samples()) {
    averaged.mean.push_back(samples.mean_of_means() / file.scale());
    averaged.std.push_back(samples.mean_of_std() / file.scale());
    root.std.push_back(samples.sqrt_mean_var() / file.scale());
  }
  root.mean = averaged.mean;
  if (averaged.mean.empty()) return "";
  return numbers_row("this data, averaged", averaged, data,
                     "mean of each sample's own std: <b>not the std of the values</b>, which it is below; mean of the "
                     "samples' means") +
         numbers_row("this data, root of averaged", root, data,
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

}  // namespace

std::string presets_section(const StatisticsFile& file) {
  const std::int64_t channels = file.statistics.channels();
  if (!file.provenance.dtype.is_integer() || channels > 4) return "";
  const Numbers data = pixel_numbers(file);
  std::string out = fmt::format(
      "<table class=\"numbers\">\n<tr><th></th><th colspan=\"{0}\">mean</th><th colspan=\"{0}\">"
      "std</th><th>this data, scaled by them</th><th class=\"text\">the std is</th></tr>\n",
      channels);
  out += numbers_row("this data", data, data, "std of all values");
  out += averaged_rows(file, data);
  for (const Preset& preset : presets()) {
    if (preset.channels != 1 && preset.channels != channels) continue;
    out += numbers_row(escaped(preset.name), numbers_of(preset, channels), data,
                       escaped(fmt::format("{}; {}", preset.estimator, preset.source)));
  }
  return section("presets", "Published numbers beside those of " + title_html(file),
                 out + "</table>\n" +
                     paragraph("note", "Values in [0, 1]. Scaled by the right numbers, data has mean 0 and std 1."));
}

}  // namespace poise
