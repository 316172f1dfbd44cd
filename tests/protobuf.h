#pragma once

// Protocol buffers as far as ONNX files need them: a message is a list of numbered fields, each a number, 32 or 64
// bits, or bytes (text, a packed list, or a message again). protobuf.dev/programming-guides/encoding.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace poise::test {

struct Field {
  enum class Wire : std::uint8_t { number = 0, eight_bytes = 1, bytes = 2, four_bytes = 5 };
  std::uint32_t id = 0;
  Wire wire = Wire::number;
  std::uint64_t number = 0;  // of all but bytes
  std::string_view bytes;    // into the message

  // Error{data} where the field is of another kind.
  std::int64_t integer() const;
  float real() const;
  std::string_view text() const;
};

// Error{data} on what is no message: cut short, a number of more than 64 bits, field 0, the retired kinds 3 and 4.
std::vector<Field> fields_of(std::string_view message);

// The numbers or floats of a repeated field, whether each stands alone or all are packed.
void append_integers(const Field& field, std::vector<std::int64_t>& values);
void append_reals(const Field& field, std::vector<float>& values);

}  // namespace poise::test
