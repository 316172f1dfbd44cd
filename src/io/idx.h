#pragma once

#include <memory>

#include <poise/tensor.h>

#include "io/byte_stream.h"

namespace poise {

bool is_idx(std::span<const std::byte> head) noexcept;

// Reads an IDX file (the format of MNIST and its kin: two zero bytes, type, number of axes, sizes, data, all
// big-endian) in blocks of samples. Types 8-bit unsigned, float32 and float64. Error{data} when cut short, lying or of
// other types.
class IdxReader {
 public:
  explicit IdxReader(std::unique_ptr<ByteStream> stream);

  const Dims& sizes() const noexcept { return sizes_; }
  DType dtype() const noexcept { return dtype_; }
  std::int64_t samples() const noexcept { return sizes_[0]; }
  const ByteStream& stream() const noexcept { return *stream_; }

  // The next samples, filling block, row-major, in this machine's byte order.
  void read_samples(std::span<std::byte> block);
  // Error{data} when anything follows the samples, or the checksum of a compressed file is wrong.
  void expect_end() { stream_->expect_end(); }

 private:
  void read_header();

  std::unique_ptr<ByteStream> stream_;
  DType dtype_ = DType::u8;
  Dims sizes_;
};

}  // namespace poise
