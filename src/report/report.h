#pragma once

#include <span>
#include <string>

#include "data/statistics_file.h"
#include "report/thumbnails.h"

namespace poise {

// More files would not fit a page.
inline constexpr std::size_t max_report_files = 8;

// Statistics files, 1 to max_report_files, as one self-contained page of HTML, under 300 KB plus pictures whatever they
// hold: verdict and warnings, where the data comes from, what was left out, numbers, histograms, presets, sizes,
// classes, samples that stand out. The first file is what the others are compared with. thumbnails: one a file, or
// none. No script, nothing from elsewhere; all names are taken for hostile. The numbers carry their key and full value
// as data-key and data-value.
std::string report(std::span<const StatisticsFile> files, std::span<const Thumbnails> thumbnails = {});

}  // namespace poise
