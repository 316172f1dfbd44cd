#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/fingerprint.h"

// What statistics say of a set of samples besides its values. All of it merges, and none depends on the order of the
// samples or of the merges: what is bounded is bounded by rules that do not.

namespace poise {

// How large the images are.
struct ImageSizes {
  std::int64_t min_height = 0, max_height = 0, min_width = 0, max_width = 0;
  // Images by (height, width). Of more than max_different sizes nothing is kept but that.
  static constexpr std::size_t max_different = 4096;
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t> counts;
  bool too_many = false;
  // Images by width / height, to the nearest quarter octave: aspects[16 + k] is 2^(k/4), the ends hold what is beyond.
  std::array<std::uint64_t, 33> aspects{};

  void add(std::int64_t height, std::int64_t width);
  void merge(const ImageSizes& other);
  std::uint64_t images() const noexcept;
};

// The values of the samples of one class.
struct ClassSums {
  std::uint64_t samples = 0;
  std::uint64_t pixels = 0;         // values a channel
  std::vector<std::uint64_t> sums;  // one a channel

  double mean(std::size_t channel) const noexcept {
    return pixels == 0 ? 0 : static_cast<double>(sums[channel]) / static_cast<double>(pixels);
  }
  void merge(const ClassSums& other);
};

// By the class's name. Of more than max_classes nothing is kept but that.
struct Classes {
  static constexpr std::size_t max_classes = 10'000;
  std::map<std::string, ClassSums> by_name;
  bool too_many = false;

  void add(const std::string& name, const ClassSums& sums);
  void merge(const Classes& other);
};

// The samples whose values stand out, by the mean and std over all values of the sample, channels together.
struct Outlier {
  std::string name;
  double mean = 0, std = 0;
};
struct Outliers {
  static constexpr std::size_t kept = 6;
  std::vector<Outlier> darkest, brightest, flattest;  // the most so first; at most kept of each

  // Whether add would keep it: names are only made for these.
  bool wants(double mean, double std) const noexcept;
  void add(std::string_view name, double mean, double std);
  void merge(const Outliers& other);
};

// A sample that could not be read.
struct Failure {
  std::string name, error;
  std::string path;  // where it was found; not kept in files, which say the same wherever the data lies
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a 0 in it
  friend auto operator<=>(const Failure&, const Failure&) = default;
};

// The first max_kept in the order of their names.
struct Failures {
  static constexpr std::size_t max_kept = 1000;
  std::vector<Failure> list;

  void merge(const std::vector<Failure>& others);
};

}  // namespace poise
