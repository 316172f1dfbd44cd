#pragma once

// Counts of what the sweep ran, passed and skipped, and why.

#include <map>
#include <string>
#include <tuple>

#include <poise/context.h>

namespace poise::test {

class Report {
 public:
  struct Place {
    std::string technique, layout, types;
    Target target = Target::scalar;
  };

  void passed(const Place& place, long count = 1);
  // Prints the first failures at once.
  void failed(const Place& place, const std::string& what);
  void skipped(const std::string& why, long count = 1);

  // The table, the skips and the last line.
  void print() const;
  bool all_passed() const noexcept { return failed_ == 0 && passed_ > 0; }

 private:
  // [target][technique, layout][types]
  std::map<Target, std::map<std::tuple<std::string, std::string>, std::map<std::string, long>>> counts_;
  std::map<std::string, long> skips_;
  long passed_ = 0, failed_ = 0, skipped_ = 0;
};

}  // namespace poise::test
