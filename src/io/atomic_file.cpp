#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/interrupt.h"

namespace poise {
namespace {

[[noreturn]] void throw_exists(const std::string& path) {
  throw Error(Code::refused,
              fmt::format("[write] {}: expected no such file, got one: it exists already (--force)", path));
}

// Where the bytes go: the target of a link, so that the link stays one.
std::string resolved(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  const std::unique_ptr<char, decltype(&std::free)> target(realpath(path.c_str(), nullptr), &std::free);
  if (!target) throw_io("write", path, "follow the link", errno);
  return target.get();
}

void check_replaceable(const std::string& path, bool force) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return;
  if (!S_ISREG(status.st_mode)) {
    throw Error(Code::io, fmt::format("[write] {}: expected a regular file, got {}", path,
                                      S_ISDIR(status.st_mode) ? "a folder" : "a pipe or device"));
  }
  if (!force) throw_exists(path);
}

// In the same folder, since only then a rename is one step; short, since the name itself may be as long as allowed.
std::string part_beside(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  return fmt::format("{}.poise-{}-{}.part", folder, getpid(), counter++);
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path, bool force) : path_(resolved(path)), force_(force) {
  check_replaceable(path_, force_);
  part_ = part_beside(path_);
  const int fd = open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) {
    part_.clear();
    throw_io("write", path_, "create", errno);
  }
  fd_.reset(fd);
}

AtomicFile::~AtomicFile() {
  if (!part_.empty()) unlink(part_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_.get(), bytes.data(), bytes.size());
    if (put >= 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
    if (put < 0 && errno != EINTR) throw_io("write", path_, "write", errno);
    if (put < 0) check_interrupt();
  }
}

// Some file systems report a full disk only when synced or closed.
void AtomicFile::finish() {
  check_interrupt();
  if (fsync(fd_.get()) != 0) throw_io("write", path_, "write", errno);
  if (close(fd_.release()) != 0) throw_io("write", path_, "close", errno);
}

void AtomicFile::commit() {
  if (fd_.get() >= 0) finish();
  move_into_place();
  part_.clear();
}

void AtomicFile::move_into_place() {
  const bool moved = force_ ? rename(part_.c_str(), path_.c_str()) == 0
                            : renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0;
  if (moved) return;
  if (errno == EEXIST) throw_exists(path_);
  // Not every file system can rename without replacing.
  if (force_ || (errno != EINVAL && errno != ENOSYS)) throw_io("write", path_, "rename into place", errno);
  check_replaceable(path_, force_);
  if (rename(part_.c_str(), path_.c_str()) != 0) throw_io("write", path_, "rename into place", errno);
}

}  // namespace poise
