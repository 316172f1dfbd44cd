#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/choices.h"
#include "data/data_source.h"
#include "data/fingerprint.h"
#include "data/image_set.h"
#include "data/statistics.h"

namespace poise {

// Where statistics come from.
struct Provenance {
  std::string poise_version;
  std::string name;  // of the file or folder, without its own folder; of several, in order, joined by " + "
  std::string format, compression;
  ValueType dtype = DType::u8;
  Dims shape;  // none where images is set and their sizes differ
  Fingerprint fingerprint;
  // seen = used + skipped + failed
  std::uint64_t seen = 0, used = 0, skipped = 0, failed = 0;
  std::optional<std::string> split;  // "train", "val", "test"
  int channel_axis = -1;
  // A set of decoded images, as (samples, height, width, channels): channel_axis is 3 or -1.
  bool images = false;
  std::string decoder;  // of images: what decoded them
  ColourMode mode = ColourMode::stored;
  Alpha alpha = Alpha::opaque;
  Grouping per = Grouping::channel;
};

// How a file came to be: what differs from one measurement of the same data to the next.
struct Run {
  std::string time;  // UTC, "2026-11-22T04:53:28Z"
  std::vector<std::string> paths;
  int threads = 1;
  double seconds = 0;
  std::string shard;  // "1/5", or empty
};

// A statistics file, schema poise.stats/1: see docs/statistics_file.md.
struct StatisticsFile {
  StatisticsFile(Provenance p, Statistics s) : provenance(std::move(p)), statistics(std::move(s)) {}

  Provenance provenance;
  Statistics statistics;
  // Which mean and std of a channel are meant; the others are kept beside them.
  Estimator estimator = Estimator::pixel;
  Weight weight = Weight::pixel;
  std::optional<ImageSizes> sizes;
  std::optional<Classes> classes;
  std::optional<Outliers> outliers;
  Failures failures;
  std::optional<std::vector<Fingerprint>> samples;  // of each sample's content, in order
  std::optional<Run> run;

  // What the raw value of 1 in [0, 1] is: 255 for 8-bit data, 65535 for 16-bit data, 1 for floating data, which is not
  // rescaled.
  double scale() const noexcept { return provenance.dtype.full_scale(); }
};

// The mean and std of a channel that estimator and weight say, raw.
struct Estimate {
  double mean = 0, std = 0;
};
Estimate estimate(const StatisticsFile& file, std::int64_t channel);

// Adds what from says to into, exactly for integer data: the same whole for every order and grouping of its parts.
// Error{shape} where the two were measured in different ways or of different kinds of data. The run is dropped.
void merge(StatisticsFile& into, const StatisticsFile& from);

// Error{usage} unless split is train, val or test.
void check_split(const std::string& split);

// The same statistics give the same text: fixed order of keys, doubles in their shortest form that reads back exactly.
std::string to_json(const StatisticsFile& file);
// Error{data} for bad JSON, another schema, or content that contradicts itself. name: for messages.
StatisticsFile parse_statistics(std::string_view json, const std::string& name);

StatisticsFile read_statistics(const std::string& path);

}  // namespace poise
