// Statistics of each place in the sample, which are pictures themselves.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

constexpr std::int64_t side = 320;

// A sample's place for each value: of images, and of other samples that are grey images by their shape. Else nothing.
Image empty_image(const StatisticsFile& file) {
  const Dims& shape = file.provenance.shape;
  Image image;
  if (shape.size() != 3 && !(shape.size() == 4 && file.provenance.images)) return image;
  image.height = shape[1];
  image.width = shape[2];
  image.channels = shape.size() == 4 ? static_cast<int>(shape[3]) : 1;
  return image;
}

std::string figure(Image image, const std::string& name, const std::vector<double>& values) {
  for (const double value : values) image.pixels.push_back(static_cast<std::byte>(std::lround(255 * value)));
  return "<figure>" + picture_html(thumbnail_of(image, side), name) + "<figcaption>" + name +
         "</figcaption></figure>\n";
}

}  // namespace

std::string pixels_section(const StatisticsFile& file, std::size_t index) {
  const Statistics& statistics = file.statistics;
  Image image = empty_image(file);
  const bool fits = image.height * image.width * image.channels == statistics.channels();
  if (file.provenance.per != Grouping::pixel || !file.provenance.dtype.is_integer() || !fits) return "";
  std::vector<double> means, stds;
  double most = 0;
  for (std::int64_t c = 0; c < statistics.channels(); ++c) {
    const ChannelSummary summary = statistics.summary(c);
    means.push_back(summary.mean / file.scale());
    stds.push_back(summary.std);
    most = std::max(most, summary.std);
  }
  for (double& std : stds) std = most > 0 ? std / most : 0;
  return section(fmt::format("pixels-{}", index), "Mean and deviation of each value of " + title_html(file),
                 "<div class=\"row\">\n" + figure(image, "mean", means) +
                     figure(image, fmt::format("std, from 0 to {:.4g}", most), stds) + "</div>\n");
}

}  // namespace poise
