#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/data_set.h"
#include "data/apply.h"

// What apply and invert share.

namespace poise {

// What a data set is scaled by, as a user names it.
struct Constants {
  std::string stats, preset, method = "zscore";
  double eps = 0;

  std::optional<StatisticsFile> read() const;
  // Statistics know their channel axis; a preset of one channel needs none.
  int channel_axis_of(const DataSet& data, const SourceInfo& info, const std::optional<StatisticsFile>& file) const;
  // data: what is scaled; for the inverse what comes of it.
  Scaling scaling_of(const SourceInfo& data, const std::optional<StatisticsFile>& file, int channel_axis) const;
};

// --stats and --preset, of which one is needed, as a group that may take more; and --method and --eps.
CLI::Option_group* add_constants(CLI::App& command, Constants& constants);

// Notes what the numbers are that the data is scaled by, where a user should know.
void print_notes(const Scaling& scaling, const std::string& preset);

}  // namespace poise
