#include "data/data_source.h"

#include <algorithm>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/idx.h"
#include "io/interrupt.h"
#include "io/npy.h"

namespace poise {
namespace {

constexpr std::size_t streamed_block = std::size_t{1} << 20;
// Of Fortran order a block gathers one piece for each value of a sample, so it pays to gather many samples at once.
constexpr std::size_t gathered_block = std::size_t{1} << 25;

std::size_t block_bytes(const IdxReader&) { return streamed_block; }
std::size_t block_bytes(const NpyReader& reader) { return reader.header().fortran ? gathered_block : streamed_block; }

template <class Reader>
class ReaderSource final : public DataSource {
 public:
  ReaderSource(const char* format, Reader reader)
      : DataSource({reader.stream().name(), format, reader.stream().compression(), reader.dtype(), reader.sizes(),
                    block_bytes(reader)}),
        reader_(std::move(reader)) {}

 protected:
  void read_samples(std::span<std::byte> block) override { reader_.read_samples(block); }
  void expect_end() override { reader_.expect_end(); }

 private:
  Reader reader_;
};

using Stream = std::unique_ptr<ByteStream>;

std::unique_ptr<DataSource> open_npy(Stream stream, const NpyOptions& options) {
  return std::make_unique<ReaderSource<NpyReader>>("npy", NpyReader(std::move(stream), options));
}

std::unique_ptr<DataSource> open_idx(Stream stream, const NpyOptions&) {
  return std::make_unique<ReaderSource<IdxReader>>("idx", IdxReader(std::move(stream)));
}

struct Format {
  bool (*recognizes)(std::span<const std::byte> head);
  std::unique_ptr<DataSource> (*open)(Stream stream, const NpyOptions& options);
};

// A new format is its reader's file and its line here.
constexpr Format formats[] = {
    {is_npy, open_npy},
    {is_idx, open_idx},
};

std::string hex(std::span<const std::byte> head) {
  std::string out;
  for (const std::byte b : head.first(std::min<std::size_t>(head.size(), 8))) {
    out += fmt::format("{}{:02x}", out.empty() ? "" : " ", std::to_integer<int>(b));
  }
  return out.empty() ? "an empty file" : "bytes " + out;
}

}  // namespace

Dims SourceInfo::sample_shape() const {
  return shape.empty() ? shape : Dims(std::span(shape.begin(), shape.end()).subspan(1));
}

std::vector<std::byte> DataSource::make_block() const {
  return std::vector<std::byte>(std::max(info_.sample_bytes(), info_.block_bytes));
}

std::int64_t DataSource::read(std::span<std::byte> block) {
  check_interrupt();
  const std::size_t bytes = info_.sample_bytes();
  const std::int64_t left = bytes == 0 ? 0 : info_.samples() - position_;
  if (left > 0 && block.size() < bytes) {
    throw Error(Code::usage, fmt::format("[data] block: expected at least {} bytes, got {}", bytes, block.size()));
  }
  const std::int64_t count = left == 0 ? 0 : std::min(left, static_cast<std::int64_t>(block.size() / bytes));
  if (count > 0) read_samples(block.first(static_cast<std::size_t>(count) * bytes));
  if (count == left) expect_end();
  position_ += count;
  return count;
}

std::unique_ptr<DataSource> open_data_source(const std::string& path, const NpyOptions& options) {
  Stream stream = open_stream(path);
  for (const Format& format : formats) {
    if (format.recognizes(stream->peek())) return format.open(std::move(stream), options);
  }
  throw Error(Code::data, fmt::format("[data] {}: expected npy or IDX, got {}", path, hex(stream->peek())));
}

}  // namespace poise
