#pragma once

#include <chrono>
#include <cstdint>

namespace poise {

// A line on standard error that says how far the work is: only on a terminal, after a second, and at most ten times a
// second. It is gone before anything else is printed there.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // So many samples of the current file.
  void show(std::uint64_t samples);
  void next_file();
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool wanted_, shown_ = false;
  Clock::time_point start_ = Clock::now(), next_ = start_ + std::chrono::seconds(1);
  std::uint64_t before_ = 0, samples_ = 0;
};

}  // namespace poise
