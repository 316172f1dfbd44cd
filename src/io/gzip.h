#pragma once

#include <zlib.h>

#include <vector>

#include "io/byte_stream.h"

namespace poise {

bool is_gzip(std::span<const std::byte> head) noexcept;

// No deflate stream grows by more than this factor, so a compressed size bounds what a header may claim.
inline constexpr std::uint64_t max_deflate_ratio = 1032;

// The content of a gzip file, its members joined. Error{data} when it is cut short, damaged, or followed by other
// bytes.
class GzipStream final : public ByteStream {
 public:
  explicit GzipStream(std::unique_ptr<ByteStream> compressed);
  ~GzipStream() override;
  Extent extent() const noexcept override { return {compressed_->extent().bytes * max_deflate_ratio, false}; }
  const char* compression() const noexcept override { return "gzip"; }

 protected:
  std::size_t fill(std::span<std::byte> to) override;

 private:
  bool refill();
  void next_member();
  [[noreturn]] void throw_damaged(const char* what) const;

  std::unique_ptr<ByteStream> compressed_;
  std::uint64_t left_;
  std::vector<std::byte> buffer_;
  z_stream state_{};
  bool ended_ = false;
};

}  // namespace poise
