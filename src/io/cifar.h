#pragma once

#include <memory>
#include <string_view>

#include <poise/tensor.h>

#include "io/byte_stream.h"

namespace poise {

// The binary files of CIFAR-10 (1 byte of label) and CIFAR-100 (2), each followed by 3 x 32 x 32 values. They carry no
// mark of their own, so both the name (data_batch..., test_batch..., train.bin, test.bin) and the size must fit.
// 0: no such file.
int cifar_label_bytes(std::string_view path, const Extent& extent) noexcept;

// Reads images of shape (N, 3, 32, 32). Error{data} for a label that no class has.
class CifarReader {
 public:
  CifarReader(std::unique_ptr<ByteStream> stream, int label_bytes);

  const Dims& sizes() const noexcept { return sizes_; }
  DType dtype() const noexcept { return DType::u8; }
  const ByteStream& stream() const noexcept { return *stream_; }
  void read_samples(std::span<std::byte> block);
  void expect_end() { stream_->expect_end(); }

 private:
  void check_labels(std::span<const std::byte> labels) const;

  std::unique_ptr<ByteStream> stream_;
  std::size_t label_bytes_;
  Dims sizes_;
};

}  // namespace poise
