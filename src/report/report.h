#pragma once

#include <span>
#include <string>

#include "data/statistics_file.h"

namespace poise {

// Statistics files as one self-contained page of HTML, under 300 KB whatever they hold: verdict and warnings, where the
// data comes from, what was left out, numbers, histograms, presets, sizes, classes. The first file is what the others
// are compared with. No script, nothing from elsewhere; all names are taken for hostile. The numbers carry their key
// and full value as data-key and data-value.
std::string report(std::span<const StatisticsFile> files);

}  // namespace poise
