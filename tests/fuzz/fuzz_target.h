#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include <poise/error.h>

#include "io/byte_stream.h"
#include "io/file.h"

// What every parser's libFuzzer target shares. A target is one file, NAME.cpp, with a corpus of the same name, and
// defines parse(): the parser must take the bytes or throw poise::Error; anything else it does ends the run.

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes);

// The bytes as a stream of known length.
class MemoryStream final : public ByteStream {
 public:
  MemoryStream(std::span<const std::byte> bytes, std::string name) : ByteStream(std::move(name)), left_(bytes) {
    bytes_ = bytes.size();
  }
  Extent extent() const noexcept override { return {bytes_, true}; }

 protected:
  std::size_t fill(std::span<std::byte> to) override {
    const std::size_t count = std::min(to.size(), left_.size());
    std::copy_n(left_.begin(), count, to.begin());
    left_ = left_.subspan(count);
    return count;
  }

 private:
  std::span<const std::byte> left_;
  std::uint64_t bytes_ = 0;
};

// The bytes as a file that has a path but no place on a disk.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (fd_.get() < 0 || write(fd_.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  FileDescriptor fd_;
};

// All samples of a reader of arrays, block by block. What passed its checks fits the file, so a block does too.
template <class Reader>
void read_all(Reader& reader) {
  const auto bytes = static_cast<std::size_t>(reader.sizes().product()) * size_of(reader.dtype());
  std::vector<std::byte> block(bytes);
  if (bytes > 0) reader.read_samples(block);
  reader.expect_end();
}

}  // namespace poise::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    poise::fuzz::parse(std::as_bytes(std::span(data, size)));
  } catch (const poise::Error&) {
  }
  return 0;
}
