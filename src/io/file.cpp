#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/interrupt.h"

namespace poise {

FileDescriptor::~FileDescriptor() { reset(-1); }

void FileDescriptor::reset(int fd) noexcept {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

int FileDescriptor::release() noexcept {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void throw_io(const char* verb, const std::string& path, const char* what, int error) {
  throw Error(Code::io,
              fmt::format("[{}] {}: cannot {}: {}", verb, path, what, std::generic_category().message(error)));
}

// O_NONBLOCK: opening a named pipe must not wait for a writer, only to be refused.
FileStream::FileStream(const std::string& path)
    : ByteStream(path), fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (fd_.get() < 0) throw_io("read", path, "open", errno);
  struct stat status {};
  if (fstat(fd_.get(), &status) != 0) throw_io("read", path, "look at it", errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(Code::io, fmt::format("[read] {}: expected a regular file, got {}", path,
                                      S_ISDIR(status.st_mode) ? "a folder" : "a pipe or device"));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

std::size_t FileStream::read_from(std::uint64_t offset, std::span<std::byte> to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    const auto rest = to.subspan(done);
    const ssize_t got = pread(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got > 0) done += static_cast<std::size_t>(got);
    if (got < 0 && errno != EINTR) throw_io("read", name(), "read", errno);
    if (got < 0) check_interrupt();
  }
  return done;
}

std::size_t FileStream::fill(std::span<std::byte> to) {
  const std::size_t got = read_from(position_, to);
  position_ += got;
  return got;
}

void FileStream::read_at(std::uint64_t offset, std::span<std::byte> to) {
  if (read_from(offset, to) < to.size()) {
    throw Error(Code::data,
                fmt::format("[read] {}: expected {} bytes at {}: the file ends early", name(), to.size(), offset));
  }
}

}  // namespace poise
