#pragma once

#include <functional>
#include <memory>
#include <string>

#include <poise/tensor.h>

#include "io/atomic_file.h"
#include "io/byte_stream.h"
#include "io/npy_header.h"

namespace poise {

// Reads an npy array whole, or in blocks of samples (indices of the first axis; an array without axes is one sample).
class NpyReader {
 public:
  explicit NpyReader(std::unique_ptr<ByteStream> stream, const NpyOptions& options = {});

  const Dims& sizes() const noexcept { return header_.sizes; }
  ValueType dtype() const noexcept { return header_.dtype; }
  const NpyHeader& header() const noexcept { return header_; }
  std::int64_t samples() const noexcept { return header_.sizes.empty() ? 1 : header_.sizes[0]; }
  const ByteStream& stream() const noexcept { return *stream_; }

  // The whole array; one of Fortran order keeps it, as strides. Only before the first block. Error{data} for 16-bit
  // integers, which no tensor holds.
  Tensor read_all();
  // The next samples, filling block, row-major, in this machine's byte order. Fortran order needs a plain file.
  void read_samples(std::span<std::byte> block);
  // Error{data} when anything follows the samples, or the checksum of a compressed file is wrong.
  void expect_end();

 private:
  void read_fortran_samples(std::span<std::byte> block);

  std::unique_ptr<ByteStream> stream_;
  NpyHeader header_;
  std::uint64_t next_sample_ = 0;  // of Fortran order
};

Tensor read_npy(const std::string& path, const NpyOptions& options = {});

// Writes an npy file value by value in row-major order; it appears at its path only when commit() finds it whole.
class NpyWriter {
 public:
  NpyWriter(const std::string& path, ValueType dtype, const Dims& sizes, bool force);
  // Whole values, in any pieces.
  void write(std::span<const std::byte> values);
  void commit();

 private:
  AtomicFile file_;
  std::uint64_t bytes_left_;
};

// Any strides. bfloat16 is stored as '<V2', as array libraries do.
void write_npy(const std::string& path, ConstTensorView x, bool force);
// The same bytes to anywhere: sink(std::span<const std::byte>), called with bounded pieces.
void write_npy(ConstTensorView x, const std::function<void(std::span<const std::byte>)>& sink);
// How many bytes that is.
std::uint64_t npy_bytes(ConstTensorView x);

}  // namespace poise
