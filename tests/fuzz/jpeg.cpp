#include "fuzz_target.h"
#include "io/image_codec.h"

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes) {
  if (!is_jpeg(bytes)) return;
  const ImageLimits limits{.max_pixels = 1 << 16};
  Image image;
  decode_image(image, bytes, "x.jpeg", limits);
  const auto values = static_cast<std::size_t>(image.height * image.width * image.channels);
  if (image.pixels.size() != values * static_cast<std::size_t>(image.bits / 8)) std::abort();
}

}  // namespace poise::fuzz
