#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace poise {

// How many bytes a stream holds: exactly, or at most where only their compressed size is known. What a header claims
// is held against it before memory is taken.
struct Extent {
  std::uint64_t bytes = 0;
  bool exact = true;
};

// Bytes read once from front to back: a file, what is compressed in it, or a member of an archive.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // As the user knows it, for messages.
  const std::string& name() const noexcept { return name_; }
  virtual Extent extent() const noexcept = 0;
  // "none" or "gzip".
  virtual const char* compression() const noexcept { return "none"; }

  // The next bytes without taking them, at most max_peek; fewer only where the stream ends.
  static constexpr std::size_t max_peek = 512;
  std::span<const std::byte> peek();
  // Fills all of it, or Error{data}: the stream ends early.
  void read(std::span<std::byte> to);
  // Error{data} when bytes are left. Also checks what the container keeps at its end (a checksum).
  void expect_end();

  // Reads from a place of its own without moving; only where random_access() holds.
  virtual bool random_access() const noexcept { return false; }
  virtual void read_at(std::uint64_t offset, std::span<std::byte> to);

 protected:
  explicit ByteStream(std::string name) : name_(std::move(name)) {}
  // The next bytes, fewer than asked for only at the end.
  virtual std::size_t fill(std::span<std::byte> to) = 0;

 private:
  std::string name_;
  std::array<std::byte, max_peek> peeked_{};
  std::size_t peek_begin_ = 0, peek_end_ = 0;
};

// Error{data} unless header and data together are what the stream holds. format: "npy", the start of the message.
void check_extent(const ByteStream& stream, const char* format, std::uint64_t header_bytes, std::uint64_t data_bytes);

// A regular file, decompressed when its content (never its name) says gzip. Error{io} when it cannot be read.
std::unique_ptr<ByteStream> open_stream(const std::string& path);

}  // namespace poise
