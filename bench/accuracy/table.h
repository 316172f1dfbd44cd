#pragma once

// The accuracy table: a line a technique, layout and library, a column a setting. Layouts with the same numbers share a
// line, "both".

#include <map>
#include <string>
#include <vector>

#include "array.h"

namespace poise::accuracy {

// The largest |got - reference|, NaN where got is one that the reference is not. relative: to the largest finite
// |reference|. What the type cannot hold must be infinite. Negative where got is empty.
double largest_error(const test::Array& got, const test::Array& reference, DType type, bool relative);

class Table {
 public:
  Table(std::string title, std::vector<std::string> columns) : title_(std::move(title)), columns_(std::move(columns)) {}
  void set(const std::string& technique, const std::string& layout, const std::string& library, std::size_t column,
           double error);
  std::string markdown() const;

 private:
  struct Line {
    std::string technique, layout, library;
    std::vector<std::string> cells;
  };
  std::string title_;
  std::vector<std::string> columns_;
  std::vector<Line> lines_;
};

}  // namespace poise::accuracy
