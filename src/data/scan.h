#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "data/choices.h"
#include "data/formats.h"
#include "data/statistics_file.h"

namespace poise {

struct ScanOptions {
  int channel_axis = -1;  // of arrays; -1: none, all values are one channel
  std::optional<std::string> split = {};
  Grouping per = Grouping::channel;
  Estimator estimator = Estimator::pixel;
  Weight weight = Weight::pixel;
  ColourMode mode = ColourMode::stored;  // of images
  Alpha alpha = Alpha::opaque;
  Shard shard = {};
  bool samples = false;  // keep the hash of each
  int threads = 1;
  // Told now and then, on the caller's thread, how many samples were read.
  std::function<void(std::uint64_t samples)> progress = {};
};

// Measures a data set from its first sample to its last, in bounded memory. Error{data} when it has no values.
StatisticsFile scan(DataSource& source, const ScanOptions& options = {});

// What is known of images: statistics of those that could be used, where any could. Damaged images are in failures
// whether or not.
struct ImageScan {
  std::optional<StatisticsFile> file;
  std::uint64_t skipped = 0, failed = 0;
  Failures failures;

  // The counts and failures of both; statistics by merge().
  void merge(ImageScan&& other);
};

// Error{data} when the images are of several kinds, or of a kind that needs a decision (mode, alpha).
ImageScan scan(ImageSource& source, const ScanOptions& options = {});

}  // namespace poise
