#pragma once

#include <optional>
#include <string>

#include "data/data_source.h"
#include "data/statistics_file.h"

namespace poise {

struct ScanOptions {
  int channel_axis = -1;  // -1: none, all values are one channel
  std::optional<std::string> split;
};

// Measures a data set from its first sample to its last, in bounded memory. Error{data} when it has no values.
StatisticsFile scan(DataSource& source, const ScanOptions& options = {});

}  // namespace poise
