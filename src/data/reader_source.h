#pragma once

#include <utility>

#include "data/data_source.h"

namespace poise {

// A DataSource of any reader with sizes(), dtype(), stream(), read_samples() and expect_end().
template <class Reader>
class ReaderSource final : public DataSource {
 public:
  static constexpr std::size_t streamed_block = std::size_t{1} << 20;

  ReaderSource(const char* format, Reader reader, std::size_t block_bytes = streamed_block)
      : DataSource({reader.stream().name(), format, reader.stream().compression(), reader.dtype(), reader.sizes(),
                    block_bytes}),
        reader_(std::move(reader)) {}

 protected:
  void read_samples(std::span<std::byte> block) override { reader_.read_samples(block); }
  void expect_end() override { reader_.expect_end(); }

 private:
  Reader reader_;
};

}  // namespace poise
