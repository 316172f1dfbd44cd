#pragma once

#include <span>
#include <string>

#include "data/statistics_file.h"

// The parts of a report, each a <section>, or nothing where the files have nothing to say on it.

namespace poise {

std::string verdict_section(std::span<const StatisticsFile> files);
std::string provenance_section(std::span<const StatisticsFile> files);
std::string channels_section(const StatisticsFile& file, std::size_t index);
std::string histograms_section(std::span<const StatisticsFile> files);
std::string normalization_section(const StatisticsFile& file);
std::string presets_section(const StatisticsFile& file);
std::string drift_section(std::span<const StatisticsFile> files);
std::string sizes_section(const StatisticsFile& file);
std::string classes_section(const StatisticsFile& file);
std::string outliers_section(const StatisticsFile& file);
std::string failures_section(const StatisticsFile& file);

// "train: images.tar", as HTML and as text.
std::string title_html(const StatisticsFile& file);
std::string title_text(const StatisticsFile& file);

}  // namespace poise
