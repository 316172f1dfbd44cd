#pragma once

#include <string_view>

#include "io/image.h"

namespace poise {

// A file to decode, and whom to blame.
struct ImageFile {
  const char* format;
  std::span<const std::byte> bytes;
  const std::string& name;
  const ImageLimits& limits;

  // Error{data}: `[png] photo.png: message`.
  [[noreturn]] void fail(std::string_view message) const;
  // Makes room, after checking the sizes against the limits.
  void allocate(Image& image, std::uint64_t height, std::uint64_t width, int channels, int bits) const;
};

bool is_jpeg(std::span<const std::byte> head) noexcept;
bool is_png(std::span<const std::byte> head) noexcept;
bool is_pnm(std::span<const std::byte> head) noexcept;

void decode_jpeg(Image& image, const ImageFile& file);
void decode_png(Image& image, const ImageFile& file);
void decode_pnm(Image& image, const ImageFile& file);

}  // namespace poise
