#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/drift.h"
#include "data/statistics_file.h"
#include "report/thumbnails.h"

// The parts of a report, each a <section>, or nothing where the files have nothing to say on it.

namespace poise {

// Files of the page, the first of which the others are compared with.
using Files = std::span<const StatisticsFile>;

std::string verdict_section(Files files);
std::string provenance_section(Files files);
std::string drift_section(Files files);
std::string channels_section(const StatisticsFile& file, std::size_t index, std::size_t rows);
std::string histograms_section(Files files);
std::string normalization_section(const StatisticsFile& file);
// Of statistics per pixel: their means and deviations as pictures.
std::string pixels_section(const StatisticsFile& file, std::size_t index);
std::string presets_section(const StatisticsFile& file);
std::string sizes_section(const StatisticsFile& file, std::size_t index);

// These hold as many samples or classes as fit into room bytes.
std::string classes_section(const StatisticsFile& file, std::size_t index, std::size_t room);
std::string failures_section(const StatisticsFile& file, std::size_t index, std::size_t room);
// Pictures do not count.
std::string outliers_section(const StatisticsFile& file, const Thumbnails& thumbnails, std::size_t index,
                             std::size_t room);

std::string picture_html(const Thumbnail& thumbnail, const std::string& name);

// "train: images.tar", shortened, as HTML and as text.
std::string title_html(const StatisticsFile& file);
std::string title_text(const StatisticsFile& file);
// "red", "channel 7"
std::string channel_name(const StatisticsFile& file, std::int64_t channel);
// What they are called: "channels", per pixel "values".
const char* channels_word(const StatisticsFile& file);
// So many rows of channels are shown of each of so many files.
std::size_t rows_of(std::size_t files);

// Two files' channels, or what keeps them from being compared.
struct Comparison {
  std::vector<ChannelDrift> channels;
  std::string refusal;

  // The place of the one that drifts most.
  std::size_t farthest() const;
};
Comparison compare(const StatisticsFile& a, const StatisticsFile& b);

}  // namespace poise
