#pragma once

// Image files made byte by byte, and by the encoders where the bytes are not the point.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/image.h"

namespace poise::test {

struct PngHeader {
  std::uint32_t width = 1, height = 1;
  int depth = 8, colours = 0;  // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
};

std::string png_chunk(std::string_view type, std::string_view data);
// rows: of each row its filter byte and packed samples. extra: chunks between header and pixels.
std::string png_file(const PngHeader& header, std::string_view rows, std::string_view extra = "");

// channels 1 or 3, quality 1 to 100.
std::string jpeg_file(const Image& image, int quality = 95, bool progressive = false);

std::string png_of(const Image& image);

// Pixels that differ in all directions and channels, over all values.
Image pattern(std::int64_t height, std::int64_t width, int channels, int bits = 8);

Image decoded(std::string_view file, const ImageLimits& limits = {});

}  // namespace poise::test
