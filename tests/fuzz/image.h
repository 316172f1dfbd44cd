#pragma once

#include "fuzz_target.h"
#include "io/image_codec.h"

namespace poise::fuzz {

// What is_format knows is decoded to as many pixels as it says.
inline void parse_image(std::span<const std::byte> bytes, bool (*is_format)(std::span<const std::byte>) noexcept) {
  if (!is_format(bytes)) return;
  const ImageLimits limits{.max_pixels = 1 << 16};
  Image image;
  decode_image(image, bytes, "x", limits);
  const auto values = static_cast<std::size_t>(image.height * image.width * image.channels);
  if (image.pixels.size() != values * static_cast<std::size_t>(image.bits / 8)) std::abort();
}

}  // namespace poise::fuzz
