#include "techniques/describe.h"

#include <string>

namespace poise {

Dims shape_among(const char* technique, std::string_view operand, std::initializer_list<Shaped> shapes) {
  for (const Shaped& shaped : shapes) {
    const std::string names = " " + std::string(shaped.operands) + " ";
    if (names.find(" " + std::string(operand) + " ") != std::string::npos) return shaped.sizes;
  }
  throw Error(Code::usage, std::string("[") + technique + "] " + std::string(operand) +
                               ": expected an operand or result of this technique, got another name");
}

}  // namespace poise
