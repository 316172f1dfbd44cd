#pragma once

#include <string>
#include <utility>
#include <vector>

// Charts as SVG, in words of HTML: no script, nothing from anywhere else.

namespace poise {

// One line of a histogram: the share of the values in each of equal bins.
struct Series {
  std::string name;
  std::vector<double> shares;
};

// Where a histogram's values lie, and a second axis below where there is one.
struct Axis {
  double low = 0, high = 1;
  const char* name = "";
};

// Histograms over each other, at least 4 bins each. A linear one may cut its highest bars and then says how high they
// are. label: what it shows, for those who cannot see it.
std::string histogram_svg(const std::string& label, const std::vector<Series>& series, const Axis& axis, bool log);

// One histogram with a second axis: the same values, mapped. marks: places on the second one.
std::string mapped_svg(const std::string& label, const Series& series, const Axis& before, const Axis& after);

// A bar each, from 0.
std::string bars_svg(const std::string& label, const std::vector<std::pair<std::string, double>>& bars);

}  // namespace poise
