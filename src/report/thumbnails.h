#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "data/image_set.h"
#include "data/statistics_file.h"
#include "io/image.h"

namespace poise {

// A small picture of a sample. width and height: to be shown at, a multiple of its own where it is tiny.
struct Thumbnail {
  std::vector<std::byte> png;
  std::int64_t width = 0, height = 0;
};

// Grey or the first three channels, at most side pixels wide and high.
Thumbnail thumbnail_of(const Image& image, std::int64_t side);

// Those of the samples that stand out in one statistics file.
struct Thumbnails {
  // By name, mean and std: of data sets measured together, two may name a sample alike.
  using Key = std::tuple<std::string, double, double>;
  std::map<Key, Thumbnail> found;
  std::string missing;  // why there are not all of them, or empty

  const Thumbnail* find(const Outlier& outlier) const;
};

// Looks for these samples where the statistics say that the data was. A picture is only taken of a sample that has the
// mean and std that the statistics say: data that has changed, or other files that a stranger's statistics name, show
// nothing. Single files are looked through up to max_bytes.
inline constexpr std::uint64_t thumbnail_max_bytes = std::uint64_t{1} << 30;
Thumbnails find_thumbnails(const StatisticsFile& file);

}  // namespace poise
