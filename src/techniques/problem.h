#pragma once

#include <string>
#include <string_view>

#include <poise/technique.h>

namespace poise {

// One call as text, the same for tests, benchmarks and the command:
//
//     TECHNIQUE:DTYPE[>YDTYPE]:SIZES[@LAYOUT[>YLAYOUT]][:key=value]*[:gamma][:beta]
//     group_norm:f32:8x256x56x56@nhwc:groups=32:gamma:beta
//
// Without YDTYPE y has x's type, or f32 where x is u8. LAYOUT is nchw (contiguous, the default) or nhwc (channels
// last); sizes are in logical order in both. Without YLAYOUT y has x's layout. gamma and beta say which operands are
// wanted; keys are the technique's parameters.
struct Problem {
  const Technique* technique = nullptr;
  DType x = DType::f32, y = DType::f32;
  Dims sizes, strides, y_strides;
  Parameters parameters;
  bool gamma = false, beta = false;

  // The shortest text that problem_from reads as this problem.
  std::string str() const;
};

// Error{usage}, or Error{shape} for its sizes, says which part is wrong. Parameters are read, not checked against the
// sizes: the technique does that.
Problem problem_from(std::string_view text);

// What y's type is when nobody says.
constexpr DType default_y(DType x) noexcept { return x == DType::u8 ? DType::f32 : x; }

// "2x3x4" or "2,3,4" with the given separator; Error{shape} names the operand.
Dims sizes_from(std::string_view text, char separator);

// The strides of a layout named nchw or nhwc.
Dims layout_strides(std::string_view layout, const Dims& sizes);

// set_parameter, held to what this technique takes: one axis where it has one ("axis" in the table).
void set_parameter(const Technique& technique, Parameters& parameters, std::string_view name, std::string_view value);

// Whether the technique lists this parameter or operand.
bool takes(const Technique& technique, std::string_view parameter) noexcept;

// The names of the technique's parameters with a separator, for messages.
std::string parameter_names(const Technique& technique);

}  // namespace poise
