#pragma once

#include <optional>
#include <vector>

#include "data/statistics_file.h"

namespace poise {

// How far one channel of a data set b lies from the same channel of a, in units that do not depend on the data's scale.
struct ChannelDrift {
  double shift = 0;           // |mean b - mean a| / std a
  double ratio = 1;           // std b / std a
  std::optional<double> gap;  // of histograms: the largest difference of the cumulative shares (Kolmogorov-Smirnov)

  // The largest of shift, |ln ratio| and gap.
  double distance() const noexcept;
};

// Drift is a distance above this: a mean moved by a tenth of a standard deviation, a deviation changed by a tenth, or a
// tenth of the values elsewhere. The sampling error of n independent values is near 1/sqrt(n), far below for any data
// set that is worth comparing.
inline constexpr double drift_threshold = 0.1;

// One a channel. Error{shape} when the channels differ, Error{refused} for integers against floats, whose units are
// not the same.
std::vector<ChannelDrift> drift(const StatisticsFile& a, const StatisticsFile& b);

// How many samples of b have the same content as one of a; nothing where the files do not know their samples' hashes.
std::optional<std::uint64_t> samples_in_both(const StatisticsFile& a, const StatisticsFile& b);

}  // namespace poise
