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
    const char* direction = "forward";
    std::string technique, layout, types;
    Target target = Target::scalar;
  };

  void passed(const Place& place, long count = 1);
  // Prints the first failures at once.
  void failed(const Place& place, const std::string& what);
  void skipped(const char* direction, const std::string& why, long count = 1);

  // The tables, the skips, a line a direction and the last line.
  void print() const;
  bool all_passed() const { return sum().failed == 0 && sum().passed > 0; }

 private:
  struct Totals {
    long passed = 0, failed = 0, skipped = 0;
  };
  using Table = std::map<std::tuple<std::string, std::string>, std::map<std::string, long>>;
  Totals sum() const;
  static void print(const char* heading, const Table& rows);

  std::map<std::tuple<std::string, Target>, Table> counts_;  // [direction, target][technique, layout][types]
  std::map<std::tuple<std::string, std::string>, long> skips_;
  std::map<std::string, Totals> totals_;
};

}  // namespace poise::test
