#include "report.h"

#include <cstdio>
#include <set>

namespace poise::test {
namespace {

constexpr long most_printed = 40;

}  // namespace

void Report::passed(const Place& place, long count) {
  counts_[{place.direction, place.target}][{place.technique, place.layout}][place.types] += count;
  totals_[place.direction].passed += count;
}

void Report::failed(const Place& place, const std::string& what) {
  counts_[{place.direction, place.target}][{place.technique, place.layout}][place.types] += 1;
  ++totals_[place.direction].failed;
  const long failed = sum().failed;
  if (failed <= most_printed) std::printf("FAILED %s: %s\n", place.direction, what.c_str());
  if (failed == most_printed) std::printf("... further failures are counted, not printed\n");
}

void Report::skipped(const char* direction, const std::string& why, long count) {
  skips_[{direction, why}] += count;
  totals_[direction].skipped += count;
}

Report::Totals Report::sum() const {
  Totals sum;
  for (const auto& [direction, totals] : totals_) {
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
  }
  return sum;
}

void Report::print(const char* heading, const Table& rows) {
  std::set<std::string> columns;
  for (const auto& row : rows) {
    for (const auto& cell : row.second) columns.insert(cell.first);
  }
  std::printf("\n%-29s", heading);
  for (const auto& column : columns) std::printf("%10s", column.c_str());
  std::printf("\n");
  for (const auto& [name, cells] : rows) {
    std::printf("%-15s%-14s", std::get<0>(name).c_str(), std::get<1>(name).c_str());
    for (const auto& column : columns) {
      const auto found = cells.find(column);
      std::printf("%10ld", found == cells.end() ? 0 : found->second);
    }
    std::printf("\n");
  }
}

void Report::print() const {
  for (const auto& [place, rows] : counts_) {
    const std::string heading = std::get<0>(place) + " on " + name_of(std::get<1>(place));
    print(heading.c_str(), rows);
  }
  std::printf("\nskipped\n");
  for (const auto& [why, count] : skips_) {
    std::printf("%10ld  %s: %s\n", count, std::get<0>(why).c_str(), std::get<1>(why).c_str());
  }
  for (const auto& [direction, t] : totals_) {
    std::printf("%s: %ld passed, %ld failed, %ld skipped\n", direction.c_str(), t.passed, t.failed, t.skipped);
  }
  const Totals all = sum();
  std::printf("%ld passed, %ld failed, %ld skipped\n", all.passed, all.failed, all.skipped);
}

}  // namespace poise::test
