#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace poise {

struct Image {
  std::int64_t height = 0, width = 0;
  int channels = 0;               // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  int bits = 8;                   // or 16
  std::vector<std::byte> pixels;  // row-major, interleaved, in this machine's byte order
};

// What one file may claim before memory is taken for it.
struct ImageLimits {
  std::int64_t max_pixels = std::int64_t{1} << 26;
};

// "jpeg", "png" or "pnm" by the first bytes, of which 16 are enough; null for anything else.
const char* image_format(std::span<const std::byte> head) noexcept;
inline bool is_image(std::span<const std::byte> head) noexcept { return image_format(head) != nullptr; }

// The samples as they are stored: no colour management, no gamma, no EXIF orientation. What is not 8 or 16 bits deep
// (1, 2 and 4 bit PNG, bitmaps) is widened to 8, palettes become RGB, transparent colours an alpha channel. JPEG is
// decoded by the accurate DCT and smooth upsampling. Error{data} that names the file, and the byte where it is known,
// for what is cut short, damaged (a decoder's warning is enough), beyond the limits or of a kind that has no exact
// meaning here: CMYK, 12 bit JPEG, PNM of a maxval other than 1 (bitmaps), 255 and 65535.
Image decode_image(std::span<const std::byte> file, const std::string& name, const ImageLimits& limits = {});
// The same into an image whose memory is used again.
void decode_image(Image& image, std::span<const std::byte> file, const std::string& name,
                  const ImageLimits& limits = {});

std::vector<std::byte> encode_png(const Image& image);

}  // namespace poise
