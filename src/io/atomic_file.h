#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "io/file.h"

namespace poise {

// A file that appears whole or not at all: written beside its place, synced, then renamed. Without commit() the
// destructor removes it. An existing file is refused unless force (Error{refused}), also when it appears meanwhile.
class AtomicFile {
 public:
  // A link is followed; what exists and is no regular file is never replaced.
  AtomicFile(const std::string& path, bool force);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Error{io} when the disk is full or the file size limit is reached.
  void write(std::span<const std::byte> bytes);
  // All that can fail for want of space: syncs and closes. Where several files must appear together, finish each first.
  void finish();
  // Finishes, unless that is done, and renames.
  void commit();
  const std::string& path() const noexcept { return path_; }

 private:
  void move_into_place();

  std::string path_;
  std::string part_;  // empty once moved
  bool force_;
  FileDescriptor fd_;
};

}  // namespace poise
