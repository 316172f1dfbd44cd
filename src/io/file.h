#pragma once

#include "io/byte_stream.h"

namespace poise {

// An open file; closed on destruction.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) noexcept : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& o) noexcept : fd_(o.release()) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  int get() const noexcept { return fd_; }
  int release() noexcept;
  void reset(int fd) noexcept;

 private:
  int fd_;
};

// A regular file, read in order or at any place. Error{io} when it cannot be opened or is something else.
class FileStream final : public ByteStream {
 public:
  explicit FileStream(const std::string& path);
  Extent extent() const noexcept override { return {size_, true}; }
  bool random_access() const noexcept override { return true; }
  void read_at(std::uint64_t offset, std::span<std::byte> to) override;

 protected:
  std::size_t fill(std::span<std::byte> to) override;

 private:
  std::size_t read_from(std::uint64_t offset, std::span<std::byte> to) const;

  FileDescriptor fd_;
  std::uint64_t size_ = 0, position_ = 0;
};

// Error{io} with what the system says: `[read] path: cannot open: No such file or directory`.
[[noreturn]] void throw_io(const char* verb, const std::string& path, const char* what, int error);

}  // namespace poise
