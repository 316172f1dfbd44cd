// The samples: how large they are, their classes, those that stand out and those that are damaged.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/charts.h"
#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

using Bars = std::vector<std::pair<std::string, double>>;

constexpr std::size_t shown_sizes = 12;

std::string section_of(const char* id, std::size_t index, const char* title, const StatisticsFile& file,
                       const std::string& body) {
  return section(fmt::format("{}-{}", id, index), std::string(title) + " of " + title_html(file), body);
}

std::string figure(const std::string& svg, const std::string& caption) {
  return "<figure>\n" + svg + "<figcaption>" + caption + "</figcaption>\n</figure>\n";
}

// "133", "20 to 133"
std::string range(std::int64_t low, std::int64_t high) {
  return low == high ? fmt::format("{}", low) : fmt::format("{} to {}", low, high);
}

// So many equal steps from the least to the largest, and how many images are in each.
Bars length_bars(const ImageSizes& sizes, std::int64_t low, std::int64_t high, bool width) {
  constexpr std::int64_t most = 10;
  const std::int64_t step = (high - low) / most + 1, steps = (high - low) / step + 1;
  Bars bars;
  for (std::int64_t k = 0; k < steps; ++k) {
    bars.emplace_back(range(low + k * step, std::min(low + (k + 1) * step - 1, high)), 0);
  }
  for (const auto& [size, images] : sizes.counts) {
    const std::int64_t length = width ? size.second : size.first;
    bars[static_cast<std::size_t>((length - low) / step)].second += static_cast<double>(images);
  }
  return bars;
}

std::string size_figures(const ImageSizes& sizes) {
  if (sizes.too_many) {
    return paragraph("note", fmt::format("More than {} sizes, which are not told apart.", ImageSizes::max_different));
  }
  if (sizes.counts.size() <= shown_sizes) {
    Bars bars;
    for (const auto& [size, images] : sizes.counts) {
      bars.emplace_back(fmt::format("{} x {}", size.second, size.first), static_cast<double>(images));
    }
    return figure(bars_svg("Images by size", bars), "images by width x height");
  }
  const Bars widths = length_bars(sizes, sizes.min_width, sizes.max_width, true);
  const Bars heights = length_bars(sizes, sizes.min_height, sizes.max_height, false);
  return figure(bars_svg("Images by width", widths), "images by width") +
         figure(bars_svg("Images by height", heights), "images by height");
}

Bars aspect_bars(const ImageSizes& sizes) {
  Bars bars;
  for (std::size_t k = 0; k < sizes.aspects.size(); ++k) {
    if (sizes.aspects[k] == 0) continue;
    const double aspect = std::exp2((static_cast<double>(k) - 16) / 4);
    bars.emplace_back(aspect < 1 ? fmt::format("1 : {:.3g}", 1 / aspect) : fmt::format("{:.3g} : 1", aspect),
                      static_cast<double>(sizes.aspects[k]));
  }
  return bars;
}

// A bar within a table's row, of 100 where share is 1.
std::string inline_bar(double share) {
  return fmt::format(
      "<td><svg aria-hidden=\"true\" viewBox=\"0 0 100 12\" width=\"100\" height=\"12\"><rect "
      "class=\"s0\" width=\"{:.1f}\" height=\"12\"/></svg></td>",
      100 * share);
}

// The mean as a colour to look at, where there is one.
std::string colour_cell(const std::vector<double>& means) {
  if (means.size() != 1 && means.size() != 3) return "";
  const auto part = [&](std::size_t c) {
    return std::lround(255 * std::clamp(means[means.size() == 3 ? c : 0], 0.0, 1.0));
  };
  return fmt::format(
      "<td><svg aria-hidden=\"true\" viewBox=\"0 0 24 12\" width=\"24\" height=\"12\"><rect "
      "fill=\"rgb({},{},{})\" width=\"24\" height=\"12\"/></svg></td>",
      part(0), part(1), part(2));
}

std::string class_row(const StatisticsFile& file, const std::string& name, const ClassSums& sums, double most) {
  std::vector<double> means;
  for (std::size_t c = 0; c < sums.sums.size(); ++c) means.push_back(sums.mean(c) / file.scale());
  std::string out = "<tr><th>" + name_html(name, 60) + "</th>" + count_cell("samples", sums.samples) +
                    inline_bar(static_cast<double>(sums.samples) / most);
  for (std::size_t c = 0; c < std::min<std::size_t>(means.size(), 4); ++c) {
    out += number_cell(fmt::format("mean.{}", c), means[c], 6);
  }
  return out + colour_cell(means) + "</tr>\n";
}

// Without the name, which stands beside it.
std::string what_is_wrong(const Failure& failure) {
  std::string error = failure.error;
  const std::size_t at = error.find(failure.name + ": ");
  return at == std::string::npos ? error : error.erase(at, failure.name.size() + 2);
}

std::string card(const Outlier& outlier, const Thumbnail* thumbnail) {
  const auto number = [](const char* key, double value) {
    return fmt::format("{0} <span data-key=\"{0}\" data-value=\"{1}\">{1:.4g}</span>", key, value);
  };
  std::string out = "<figure class=\"sample\">";
  if (thumbnail != nullptr) {
    out += picture_html(*thumbnail, outlier.name);
  }
  return out + "<figcaption>" + name_html(outlier.name, 60) + "<br/>" + number("mean", outlier.mean) + ", " +
         number("std", outlier.std) + "</figcaption></figure>\n";
}

}  // namespace

std::string picture_html(const Thumbnail& thumbnail, const std::string& name) {
  return fmt::format("<img alt=\"{}\" width=\"{}\" height=\"{}\" src=\"data:image/png;base64,{}\"/>",
                     escaped(shortened(name, 60)), thumbnail.width, thumbnail.height, base64(thumbnail.png));
}

std::string sizes_section(const StatisticsFile& file, std::size_t index) {
  if (!file.sizes || file.sizes->images() == 0) return "";
  const ImageSizes& s = *file.sizes;
  const bool one = s.min_width == s.max_width && s.min_height == s.max_height;
  std::string out =
      one ? fmt::format("<p>All {} images are {} x {}.</p>\n", s.images(), s.min_width, s.min_height)
          : fmt::format("<p>{} images, {} wide and {} high.</p>\n<div class=\"row\">\n{}{}</div>\n", s.images(),
                        range(s.min_width, s.max_width), range(s.min_height, s.max_height), size_figures(s),
                        figure(bars_svg("Images by aspect ratio", aspect_bars(s)),
                               "images by width : height, to a quarter octave"));
  return section_of("sizes", index, "Sizes", file, out);
}

std::string classes_section(const StatisticsFile& file, std::size_t index, std::size_t room) {
  if (!file.classes) return "";
  if (file.classes->too_many) {
    const std::string text = fmt::format("More than {} classes, which are not told apart.", Classes::max_classes);
    return section_of("classes", index, "Classes", file, paragraph("note", text));
  }
  std::vector<std::pair<std::string, ClassSums>> classes(file.classes->by_name.begin(), file.classes->by_name.end());
  double most = 1;
  for (const auto& [name, sums] : classes) most = std::max(most, static_cast<double>(sums.samples));
  const std::size_t channels = classes.empty() ? 0 : classes[0].second.sums.size();
  std::string out = "<table class=\"numbers\">\n<tr><th></th><th>samples</th><th></th>";
  for (std::size_t c = 0; c < std::min<std::size_t>(channels, 4); ++c) {
    out += "<th>mean of " + channel_name(file, static_cast<std::int64_t>(c)) + "</th>";
  }
  out += channels == 1 || channels == 3 ? "<th></th></tr>\n" : "</tr>\n";
  const std::size_t shown = add_rows(out, classes.size(), room, [&](std::size_t i) {
    return class_row(file, classes[i].first, classes[i].second, most);
  });
  out += "</table>\n" + and_more(classes.size() - shown, "classes");
  return section_of("classes", index, "Classes", file, out + paragraph("note", "Means in [0, 1]."));
}

std::string outliers_section(const StatisticsFile& file, const Thumbnails& thumbnails, std::size_t index,
                             std::size_t room) {
  if (!file.outliers || file.outliers->darkest.empty()) return "";
  std::string out;
  const auto add = [&](const char* kind, const std::vector<Outlier>& outliers) {
    out += fmt::format("<h3>{}</h3>\n<div class=\"row\">\n", kind);
    std::size_t used = 0;
    for (const Outlier& outlier : outliers) {
      used += card(outlier, nullptr).size();
      if (used <= room / 3) out += card(outlier, thumbnails.find(outlier));
    }
    out += "</div>\n";
  };
  add("Darkest", file.outliers->darkest);
  add("Brightest", file.outliers->brightest);
  add("Flattest", file.outliers->flattest);
  out += paragraph("note", "Mean and std of all values of the sample, as they are stored." +
                               (thumbnails.missing.empty() ? "" : " " + escaped(shortened(thumbnails.missing, 400))));
  return section_of("outliers", index, "Samples that stand out", file, out);
}

std::string failures_section(const StatisticsFile& file, std::size_t index, std::size_t room) {
  const std::vector<Failure>& list = file.failures.list;
  if (list.empty()) return "";
  std::string out = "<table>\n" + header_row({"sample", "what is wrong"});
  const std::size_t shown = add_rows(out, list.size(), room, [&](std::size_t i) {
    return "<tr>" + text_cell(name_html(list[i].name)) + text_cell(name_html(what_is_wrong(list[i]))) + "</tr>\n";
  });
  out += "</table>\n" + and_more(file.provenance.failed - shown, "samples");
  return section_of("failures", index, "Damaged samples", file, out);
}

}  // namespace poise
