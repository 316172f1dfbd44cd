#pragma once

#include <cstdint>
#include <string>

#include <poise/tensor.h>

#include "io/byte_stream.h"
#include "io/value_type.h"

namespace poise {

// bfloat16 has no name of its own in npy: array libraries store it as '<V2', two bytes of anything. That is taken for
// bfloat16 only where the caller says so; a type named 'bfloat16' always is.
struct NpyOptions {
  bool void2_is_bfloat16 = false;
};

// What an npy file says before its data. Versions 1 to 3; types f2, f4, f8, u1, u2 and bfloat16 in either byte order.
struct NpyHeader {
  ValueType dtype = DType::f32;
  bool swapped = false;  // the data's byte order is not this machine's
  bool fortran = false;  // the first axis lies innermost
  Dims sizes;
  std::uint64_t data_offset = 0;

  std::uint64_t data_bytes() const noexcept { return static_cast<std::uint64_t>(sizes.product()) * size_of(dtype); }
};

bool is_npy(std::span<const std::byte> head) noexcept;

// Takes the header from the stream. Error{data} when it is cut short, is none, claims more or less data than the stream
// holds, or a type Poise does not read. Takes no memory on the word of the header.
NpyHeader read_npy_header(ByteStream& stream, const NpyOptions& options = {});

// The header of version 1, padded so that the data starts at a multiple of 64 bytes.
std::string npy_header(ValueType dtype, const Dims& sizes, bool fortran = false);

}  // namespace poise
