#include "report.h"

#include <cstdio>
#include <set>

namespace poise::test {
namespace {

constexpr long most_printed = 40;

}  // namespace

void Report::passed(const Place& place, long count) {
  counts_[place.target][{place.technique, place.layout}][place.types] += count;
  passed_ += count;
}

void Report::failed(const Place& place, const std::string& what) {
  counts_[place.target][{place.technique, place.layout}][place.types] += 1;
  if (++failed_ <= most_printed) std::printf("FAILED %s\n", what.c_str());
  if (failed_ == most_printed) std::printf("... further failures are counted, not printed\n");
}

void Report::skipped(const std::string& why, long count) {
  skips_[why] += count;
  skipped_ += count;
}

void Report::print() const {
  for (const auto& [target, rows] : counts_) {
    std::set<std::string> columns;
    for (const auto& row : rows) {
      for (const auto& cell : row.second) columns.insert(cell.first);
    }
    std::printf("\ncases on %-20s", name_of(target));
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
  std::printf("\nskipped\n");
  for (const auto& [why, count] : skips_) std::printf("%10ld  %s\n", count, why.c_str());
  std::printf("%ld passed, %ld failed, %ld skipped\n", passed_, failed_, skipped_);
}

}  // namespace poise::test
