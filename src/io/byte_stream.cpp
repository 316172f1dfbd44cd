#include "io/byte_stream.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/file.h"
#include "io/gzip.h"

namespace poise {

std::span<const std::byte> ByteStream::peek() {
  if (peek_begin_ == peek_end_) {
    peek_begin_ = 0;
    peek_end_ = fill(peeked_);
  }
  return {peeked_.data() + peek_begin_, peek_end_ - peek_begin_};
}

void ByteStream::read(std::span<std::byte> to) {
  if (to.empty()) return;
  const std::size_t held = std::min(to.size(), peek_end_ - peek_begin_);
  std::memcpy(to.data(), peeked_.data() + peek_begin_, held);
  peek_begin_ += held;
  const auto rest = to.subspan(held);
  const std::size_t got = rest.empty() ? 0 : fill(rest);
  if (got < rest.size()) {
    throw Error(Code::data, fmt::format("[read] {}: expected {} more bytes, got {}: the file ends early", name_,
                                        to.size(), held + got));
  }
}

void ByteStream::expect_end() {
  if (!peek().empty()) {
    throw Error(Code::data, fmt::format("[read] {}: expected the end of the data, got more bytes", name_));
  }
}

void ByteStream::read_at(std::uint64_t, std::span<std::byte>) {
  throw Error(Code::data, fmt::format("[read] {}: expected a plain file, got {} data, which can only be read in order",
                                      name_, compression()));
}

void check_extent(const ByteStream& stream, const char* format, std::uint64_t header_bytes, std::uint64_t data_bytes) {
  const Extent extent = stream.extent();
  const std::uint64_t left = extent.bytes - std::min(header_bytes, extent.bytes);
  if (data_bytes > left || header_bytes > extent.bytes) {
    throw Error(Code::data, fmt::format("[{}] {}: expected {} bytes of data after the header, got {} {}", format,
                                        stream.name(), data_bytes, extent.exact ? "only" : "at most", left));
  }
  if (extent.exact && data_bytes < left) {
    throw Error(Code::data, fmt::format("[{}] {}: expected {} bytes of data after the header, got {} more", format,
                                        stream.name(), data_bytes, left - data_bytes));
  }
}

std::unique_ptr<ByteStream> open_stream(const std::string& path) {
  auto file = std::make_unique<FileStream>(path);
  if (is_gzip(file->peek())) return std::make_unique<GzipStream>(std::move(file));
  return file;
}

}  // namespace poise
