#include "table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "test_tensor.h"

namespace poise::accuracy {

double largest_error(const test::Array& got, const test::Array& reference, DType type, bool relative) {
  if (got.empty()) return -1;
  test::Real error = 0, largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const test::Real stored = test::rounded(reference[i], type);
    if (std::isfinite(stored)) largest = std::max(largest, std::fabs(reference[i]));
    if (got[i] == stored && !std::isfinite(stored)) continue;
    if (std::isnan(stored) && std::isnan(got[i])) continue;
    if (std::isnan(got[i])) return std::numeric_limits<double>::quiet_NaN();
    error = std::max(error, std::fabs(got[i] - reference[i]));
  }
  return static_cast<double>(relative && largest > 0 ? error / largest : error);
}

void Table::set(const std::string& technique, const std::string& layout, const std::string& library, std::size_t column,
                double error) {
  const auto same = [&](const Line& l) {
    return l.technique == technique && l.layout == layout && l.library == library;
  };
  auto line = std::find_if(lines_.begin(), lines_.end(), same);
  if (line == lines_.end()) {
    if (error < 0) return;  // nothing to show yet
    line = lines_.insert(lines_.end(), {technique, layout, library, std::vector<std::string>(columns_.size(), "-")});
  }
  if (error >= 0) line->cells[column] = fmt::format("{:.1e}", error);
  if (std::isnan(error)) line->cells[column] = "NaN";
}

std::string Table::markdown() const {
  std::string text = title_ + "\n\n| technique | layout | library |";
  for (const auto& column : columns_) text += fmt::format(" {} |", column);
  text += "\n| --- | --- | --- |";
  for (std::size_t i = 0; i < columns_.size(); ++i) text += " --- |";
  for (const Line& line : lines_) {
    const auto twin = std::find_if(lines_.begin(), lines_.end(), [&](const Line& other) {
      return &other != &line && other.technique == line.technique && other.library == line.library &&
             other.cells == line.cells;
    });
    if (twin != lines_.end() && &*twin < &line) continue;
    text +=
        fmt::format("\n| {} | {} | {} |", line.technique, twin == lines_.end() ? line.layout : "both", line.library);
    for (const auto& cell : line.cells) text += fmt::format(" {} |", cell);
  }
  return text + "\n";
}

}  // namespace poise::accuracy
