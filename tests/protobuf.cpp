#include "protobuf.h"

#include <bit>
#include <string>

#include <poise/error.h>

namespace poise::test {
namespace {

[[noreturn]] void fail(const std::string& expected) {
  throw Error(Code::data, "[protobuf] message: expected " + expected);
}

// Little-endian, whatever the machine; cuts what it reads off the front.
std::uint64_t take_fixed(std::string_view& rest, std::size_t width) {
  if (rest.size() < width) fail(std::to_string(width) + " more bytes, got " + std::to_string(rest.size()));
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(rest[i]);
  rest.remove_prefix(width);
  return value;
}

std::uint64_t take_number(std::string_view& rest) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = take_fixed(rest, 1);
    if (shift == 63 && byte > 1) break;
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  fail("a number of at most 64 bits");
}

Field take_field(std::string_view& rest) {
  const std::uint64_t key = take_number(rest);
  if (key >> 3 == 0 || key >> 32 != 0) fail("a field's number from 1 to 2^29 - 1, got " + std::to_string(key >> 3));
  Field field;
  field.id = static_cast<std::uint32_t>(key >> 3);
  field.wire = static_cast<Field::Wire>(key & 7);
  switch (field.wire) {
    case Field::Wire::number:
      field.number = take_number(rest);
      return field;
    case Field::Wire::eight_bytes:
      field.number = take_fixed(rest, 8);
      return field;
    case Field::Wire::four_bytes:
      field.number = take_fixed(rest, 4);
      return field;
    case Field::Wire::bytes: {
      const std::uint64_t length = take_number(rest);
      if (length > rest.size()) fail(std::to_string(length) + " more bytes, got " + std::to_string(rest.size()));
      field.bytes = rest.substr(0, static_cast<std::size_t>(length));
      rest.remove_prefix(field.bytes.size());
      return field;
    }
    default:
      fail("a field of kind 0, 1, 2 or 5, got " + std::to_string(key & 7));
  }
}

void expect(const Field& field, Field::Wire wire) {
  if (field.wire == wire) return;
  fail("field " + std::to_string(field.id) + " of kind " + std::to_string(static_cast<int>(wire)) + ", got " +
       std::to_string(static_cast<int>(field.wire)));
}

float float_of(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }

}  // namespace

std::int64_t Field::integer() const {
  expect(*this, Wire::number);
  return static_cast<std::int64_t>(number);
}

float Field::real() const {
  expect(*this, Wire::four_bytes);
  return float_of(number);
}

std::string_view Field::text() const {
  expect(*this, Wire::bytes);
  return bytes;
}

std::vector<Field> fields_of(std::string_view message) {
  std::vector<Field> fields;
  while (!message.empty()) fields.push_back(take_field(message));
  return fields;
}

void append_integers(const Field& field, std::vector<std::int64_t>& values) {
  if (field.wire == Field::Wire::number) return values.push_back(field.integer());
  for (std::string_view rest = field.text(); !rest.empty();)
    values.push_back(static_cast<std::int64_t>(take_number(rest)));
}

void append_reals(const Field& field, std::vector<float>& values) {
  if (field.wire == Field::Wire::four_bytes) return values.push_back(field.real());
  for (std::string_view rest = field.text(); !rest.empty();) values.push_back(float_of(take_fixed(rest, 4)));
}

}  // namespace poise::test
