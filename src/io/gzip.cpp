#include "io/gzip.h"

#include <algorithm>
#include <limits>
#include <new>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

constexpr std::size_t buffer_bytes = 1 << 17;
constexpr int gzip_window = 15 + 16;  // zlib's way to ask for the gzip header and checksum

}  // namespace

bool is_gzip(std::span<const std::byte> head) noexcept {
  return head.size() >= 2 && head[0] == std::byte{0x1f} && head[1] == std::byte{0x8b};
}

GzipStream::GzipStream(std::unique_ptr<ByteStream> compressed)
    : ByteStream(compressed->name()),
      compressed_(std::move(compressed)),
      left_(compressed_->extent().bytes),
      buffer_(buffer_bytes) {
  if (inflateInit2(&state_, gzip_window) != Z_OK) throw std::bad_alloc();
}

GzipStream::~GzipStream() { inflateEnd(&state_); }

void GzipStream::throw_damaged(const char* what) const {
  throw Error(Code::data, fmt::format("[gzip] {}: expected gzip data, got {} after {} bytes", name(), what,
                                      compressed_->extent().bytes - left_ - state_.avail_in));
}

bool GzipStream::refill() {
  if (state_.avail_in > 0) return true;
  const std::size_t bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer_.size()));
  if (bytes == 0) return false;
  compressed_->read(std::span(buffer_).first(bytes));
  left_ -= bytes;
  state_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
  state_.avail_in = static_cast<uInt>(bytes);
  return true;
}

// A gzip file may be several joined; anything else behind the end is not ours to ignore.
void GzipStream::next_member() {
  ended_ = !refill();
  if (!ended_ && *state_.next_in != 0x1f) throw_damaged("other bytes");
  if (!ended_) inflateReset(&state_);
}

std::size_t GzipStream::fill(std::span<std::byte> to) {
  std::size_t done = 0;
  while (done < to.size() && !ended_) {
    if (!refill()) throw_damaged("the end of the file");
    const std::size_t room = std::min<std::size_t>(to.size() - done, std::numeric_limits<uInt>::max());
    state_.next_out = reinterpret_cast<Bytef*>(to.data() + done);
    state_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&state_, Z_NO_FLUSH);
    done += room - state_.avail_out;
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK && result != Z_STREAM_END) throw_damaged(state_.msg != nullptr ? state_.msg : "damaged bytes");
    if (result == Z_STREAM_END) next_member();
  }
  return done;
}

}  // namespace poise
