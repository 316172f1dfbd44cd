#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/data_source.h"
#include "data/fingerprint.h"
#include "data/statistics.h"

namespace poise {

// Where statistics come from.
struct Provenance {
  std::string poise_version;
  std::string name;  // of the file, without its folder
  std::string format, compression;
  DType dtype = DType::u8;
  Dims shape;
  Fingerprint fingerprint;
  // seen = used + skipped + failed
  std::uint64_t seen = 0, used = 0, skipped = 0, failed = 0;
  std::optional<std::string> split;  // "train", "val", "test"
  int channel_axis = -1;
};

// A statistics file, schema poise.stats/1: see docs/statistics_file.md.
struct StatisticsFile {
  Provenance provenance;
  Statistics statistics;

  // What the raw value of 1 in [0, 1] is: 255 for 8-bit data, 1 for floating data, which is not rescaled.
  double scale() const noexcept { return provenance.dtype == DType::u8 ? 255 : 1; }
};

// Error{usage} unless split is train, val or test.
void check_split(const std::string& split);

// The same statistics give the same text: fixed order of keys, doubles in their shortest form that reads back exactly.
std::string to_json(const StatisticsFile& file);
// Error{data} for bad JSON, another schema, or content that contradicts itself. name: for messages.
StatisticsFile parse_statistics(std::string_view json, const std::string& name);

StatisticsFile read_statistics(const std::string& path);

}  // namespace poise
