#pragma once

#include <stdexcept>
#include <string>

#include <poise/export.h>

namespace poise {

// usage: a parameter is wrong or missing.      shape: rank, sizes, axes or strides do not fit.
// data: the content of a file is bad.          refused: a guard said no (overlap, exists already).
// io: cannot open, read or write.              memory: an allocation failed.
enum class Code { usage, shape, data, refused, io, memory };

// The only exception Poise throws on its own account. what() reads `[technique] operand: expected ..., got ...`.
class POISE_API Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Code code() const noexcept { return code_; }

 private:
  Code code_;
};

}  // namespace poise
