#include "io/npy_header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/npy_dictionary.h"

namespace poise {
namespace {

constexpr std::array<unsigned char, 6> magic = {0x93, 'N', 'U', 'M', 'P', 'Y'};
// A header of plain types needs a hundred bytes; numpy itself stops at a tenth of this.
constexpr std::uint64_t max_header_bytes = 1 << 16;

[[noreturn]] void throw_npy(const ByteStream& stream, const std::string& message) {
  throw Error(Code::data, fmt::format("[npy] {}: {}", stream.name(), message));
}

std::uint64_t read_little_endian(ByteStream& stream, std::size_t bytes) {
  std::array<std::byte, 4> raw{};
  stream.read(std::span(raw).first(bytes));
  std::uint32_t value = 0;
  std::memcpy(&value, raw.data(), sizeof value);
  return value;
}

// Version 1 has a length of two bytes, 2 and 3 of four (3 allows UTF-8 in names, which plain types have none of).
std::size_t length_bytes(ByteStream& stream) {
  std::array<std::byte, magic.size() + 2> start{};
  stream.read(start);
  if (!is_npy(start)) throw_npy(stream, "expected an npy file, got other first bytes");
  const int version = std::to_integer<int>(start[magic.size()]);
  if (version < 1 || version > 3) throw_npy(stream, fmt::format("expected npy version 1 to 3, got {}", version));
  return version == 1 ? 2 : 4;
}

std::string read_dictionary_text(ByteStream& stream, std::uint64_t& offset) {
  const std::size_t bytes_of_length = length_bytes(stream);
  const std::uint64_t length = read_little_endian(stream, bytes_of_length);
  offset = magic.size() + 2 + bytes_of_length + length;
  if (length > max_header_bytes || offset > stream.extent().bytes) {
    throw_npy(stream, fmt::format("expected a header that fits the file and {} bytes, got one of {} bytes",
                                  max_header_bytes, length));
  }
  std::string text(length, '\0');
  stream.read(std::as_writable_bytes(std::span(text)));
  return text;
}

// The type string without its byte order; '=' and none at all are this machine's.
ValueType dtype_of(const ByteStream& stream, const std::string& descr, const NpyOptions& options) {
  const bool ordered = !descr.empty() && std::string_view("<>|=").find(descr[0]) != std::string_view::npos;
  const std::string name = descr.substr(ordered ? 1 : 0);
  if (name == "f4") return DType::f32;
  if (name == "f8") return DType::f64;
  if (name == "f2") return DType::f16;
  if (name == "u1") return DType::u8;
  if (name == "u2") return ValueType::u16();
  if (name == "bfloat16" || (name == "V2" && options.void2_is_bfloat16)) return DType::bf16;
  const char* hint = name == "V2" ? " (bfloat16 is stored so, but nothing here says that it is)" : "";
  throw_npy(stream, fmt::format("expected type f2, f4, f8, u1, u2 or bfloat16, got '{}'{}", descr, hint));
}

Dims sizes_of(const ByteStream& stream, const std::vector<std::int64_t>& shape, std::size_t bytes_of_value) {
  if (shape.size() > static_cast<std::size_t>(max_rank)) {
    throw_npy(stream, fmt::format("expected at most {} axes, got {}", max_rank, shape.size()));
  }
  std::int64_t bytes = static_cast<std::int64_t>(bytes_of_value);
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes)) {
      throw_npy(stream, "expected a shape whose bytes 63 bits can count, got one beyond");
    }
  }
  return Dims(shape);
}

}  // namespace

bool is_npy(std::span<const std::byte> head) noexcept {
  return head.size() >= magic.size() && std::memcmp(head.data(), magic.data(), magic.size()) == 0;
}

NpyHeader read_npy_header(ByteStream& stream, const NpyOptions& options) {
  NpyHeader header;
  const std::string text = read_dictionary_text(stream, header.data_offset);
  const NpyDictionary dictionary = parse_npy_dictionary(text, stream.name());
  header.dtype = dtype_of(stream, dictionary.descr, options);
  header.swapped = dictionary.descr[0] == '>' && size_of(header.dtype) > 1;
  header.sizes = sizes_of(stream, dictionary.shape, size_of(header.dtype));
  header.fortran = dictionary.fortran_order && header.sizes.size() > 1;
  check_extent(stream, "npy", header.data_offset, header.data_bytes());
  return header;
}

namespace {

const char* descr_of(ValueType dtype) {
  constexpr std::array<const char*, 5> descr = {"<f4", "<f8", "<V2", "<f2", "|u1"};
  static_assert(static_cast<int>(DType::f32) == 0 && static_cast<int>(DType::u8) == 4);
  return dtype == ValueType::u16() ? "<u2" : descr[static_cast<std::size_t>(dtype.dtype())];
}

}  // namespace

std::string npy_header(ValueType dtype, const Dims& sizes, bool fortran) {
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}{}), }}", descr_of(dtype),
                                       fortran ? "True" : "False", fmt::join(sizes.begin(), sizes.end(), ", "),
                                       sizes.size() == 1 ? "," : "");
  constexpr std::size_t before = magic.size() + 4;  // and a newline behind
  dictionary.resize((before + dictionary.size() + 1 + 63) / 64 * 64 - before - 1, ' ');
  dictionary += '\n';
  std::string header(magic.begin(), magic.end());
  header += {'\x01', '\x00', static_cast<char>(dictionary.size() & 0xff), static_cast<char>(dictionary.size() >> 8)};
  return header + dictionary;
}

}  // namespace poise
