#include "report/charts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "report/html.h"

namespace poise {
namespace {

constexpr double width = 520, height = 190, left = 52, right = 508, top = 10, bottom = 158;

// From shares to heights.
struct Scale {
  double low = 0, high = 1;
  bool log = false;

  double y(double share) const {
    const double part =
        log ? (std::log10(std::max(share, low)) - std::log10(low)) / (std::log10(high) - std::log10(low))
            : std::min(share / high, 1.0);
    return bottom - part * (bottom - top);
  }
};

// Where a linear axis ends: where a few values hold nearly everything, at the foot of their bars, since nothing else
// could be seen beside the whole of them.
double linear_top(const std::vector<Series>& series) {
  constexpr std::size_t few = 3;
  double most = 0, others = 0;
  for (const Series& one : series) {
    std::vector<double> shares = one.shares;
    std::sort(shares.begin(), shares.end(), std::greater<>());
    most = std::max(most, shares[0]);
    others = std::max(others, shares[few]);
  }
  return others > 0 && most > 5 * others ? 1.5 * others : most;
}

Scale scale_of(const std::vector<Series>& series, bool log) {
  Scale scale{1, 0, log};
  if (!log) {
    scale.high = linear_top(series);
    return scale.high > 0 ? scale : Scale{};
  }
  for (const Series& one : series) {
    for (const double share : one.shares) {
      scale.high = std::max(scale.high, share);
      if (share > 0) scale.low = std::min(scale.low, share);
    }
  }
  if (scale.high == 0) scale.high = 1;
  scale.high = std::pow(10, std::ceil(std::log10(scale.high)));
  // The rarest value stands above the axis.
  scale.low = std::min(scale.high / 10, std::pow(10, std::ceil(std::log10(scale.low)) - 1));
  return scale;
}

// Steps, closed along the axis. Equal neighbours share a step, so that flat parts take no space.
std::string path_of(const Series& series, const Scale& scale) {
  const double bin = (right - left) / static_cast<double>(series.shares.size());
  std::string path = fmt::format("M{:.1f} {:.1f}", left, bottom);
  double before = bottom;
  for (std::size_t i = 0; i < series.shares.size(); ++i) {
    const double y = scale.y(series.shares[i]);
    if (std::abs(y - before) >= 0.05) {
      fmt::format_to(std::back_inserter(path), "H{:.1f}V{:.1f}", left + bin * static_cast<double>(i), y);
      before = y;
    }
  }
  return path + fmt::format("H{:.1f}V{:.1f}Z", right, bottom);
}

std::string start(const std::string& label, double w, double h) {
  return fmt::format("<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\">\n",
                     escaped(label), w, h, w, h);
}

std::string text(double x, double y, const char* anchor, const std::string& words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor, escaped(words));
}

std::string line(double x1, double y1, double x2, double y2, const char* kind) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", kind, x1, y1, x2,
                     y2);
}

// At round numbers.
std::string horizontal_axis(const Axis& axis, double y) {
  std::string out = line(left, y, right, y, "axis");
  const double least = (axis.high - axis.low) / 6;
  double step = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {2.0, 2.5, 2.0}) step *= step < least ? factor : 1;
  for (double k = std::ceil(axis.low / step); k * step <= axis.high; ++k) {
    const double x = left + (right - left) * (k * step - axis.low) / (axis.high - axis.low);
    out += line(x, y, x, y + 4, "axis") + text(x, y + 15, "middle", fmt::format("{:.4g}", k == 0 ? 0 : k * step));
  }
  return out + text((left + right) / 2, y + 28, "middle", axis.name) + "\n";
}

std::string vertical_axis(const Scale& scale) {
  std::string out = line(left, top, left, bottom, "axis");
  const auto tick = [&](double share) {
    out += line(left - 4, scale.y(share), left, scale.y(share), "axis");
    out += text(left - 6, scale.y(share) + 4, "end", fmt::format("{:.2g}", share));
  };
  if (scale.log) {
    const double decades = std::round(std::log10(scale.high / scale.low));
    const int step = static_cast<int>(std::ceil(decades / 5));
    for (int k = 0; k <= static_cast<int>(decades); k += step) tick(scale.high / std::pow(10, k));
  } else {
    tick(0);
    tick(scale.high / 2);
    tick(scale.high);
  }
  return out + "\n";
}

// How high the bars are that are cut.
std::string cut_labels(const std::vector<Series>& series, const Scale& scale) {
  std::string out;
  double y = top;
  for (std::size_t i = 0; i < series.size() && !scale.log; ++i) {
    const std::vector<double>& shares = series[i].shares;
    for (std::size_t bin = 0; bin < shares.size(); ++bin) {
      if (shares[bin] <= scale.high) continue;
      const double x = left + (right - left) * static_cast<double>(bin) / static_cast<double>(shares.size());
      const bool at_end = x > (left + right) / 2;
      out +=
          fmt::format("<g class=\"t{}\">", i) +
          text(at_end ? x - 4 : x + 8, y += 11, at_end ? "end" : "start", fmt::format("{:.3g} %", 100 * shares[bin])) +
          "</g>\n";
    }
  }
  return out;
}

std::string shape(const Series& series, const Scale& scale, std::size_t index) {
  return fmt::format("<path class=\"s{}\" d=\"{}\"><title>{}</title></path>\n", index, path_of(series, scale),
                     escaped(series.name));
}

}  // namespace

std::string histogram_svg(const std::string& label, const std::vector<Series>& series, const Axis& axis, bool log) {
  const Scale scale = scale_of(series, log);
  std::string out = start(label, width, height);
  for (std::size_t i = 0; i < series.size(); ++i) out += shape(series[i], scale, i);
  return out + horizontal_axis(axis, bottom) + vertical_axis(scale) + cut_labels(series, scale) + "</svg>\n";
}

std::string mapped_svg(const std::string& label, const Series& series, const Axis& before, const Axis& after) {
  const Scale scale = scale_of({series}, false);
  std::string out = start(label, width, height + 36) + shape(series, scale, 0);
  // Where the mapped values are -1, 0 and 1.
  for (const int mark : {-1, 0, 1}) {
    const double part = (mark - after.low) / (after.high - after.low);
    if (part < 0 || part > 1) continue;
    const double x = left + part * (right - left);
    out += line(x, top, x, bottom + 36, "mark");
  }
  return out + horizontal_axis(before, bottom) + horizontal_axis(after, bottom + 36) + vertical_axis(scale) +
         cut_labels({series}, scale) + "</svg>\n";
}

std::string bars_svg(const std::string& label, const std::vector<std::pair<std::string, double>>& bars) {
  constexpr double row = 20, names = 180, numbers = 90;
  double high = 0;
  for (const auto& [name, value] : bars) high = std::max(high, value);
  std::string out = start(label, width, row * static_cast<double>(bars.size()) + 4);
  double y = 2;
  for (const auto& [name, value] : bars) {
    const double size = high > 0 ? value / high * (width - names - numbers) : 0;
    out += text(names - 6, y + 14, "end", shortened(name, 25));
    out += fmt::format("<rect class=\"s0\" x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>", names, y + 2, size,
                       row - 4);
    out += text(names + size + 6, y + 14, "start", fmt::format("{:.4g}", value)) + "\n";
    y += row;
  }
  return out + "</svg>\n";
}

}  // namespace poise
