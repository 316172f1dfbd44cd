#include "data/colour.h"

#include <cstring>
#include <limits>

namespace poise {
namespace {

template <class T>
T luma(const T* rgb) {
  const std::uint64_t sum =
      std::uint64_t{19595} * rgb[0] + std::uint64_t{38470} * rgb[1] + std::uint64_t{7471} * rgb[2];
  return static_cast<T>((sum + 32768) >> 16);
}

template <class T>
bool is_opaque(const T* pixels, std::size_t count, std::size_t channels) {
  for (std::size_t i = 0; i < count; ++i) {
    if (pixels[i * channels + channels - 1] != std::numeric_limits<T>::max()) return false;
  }
  return true;
}

// One pixel from from_colours to to_colours channels, 1 or 3.
template <class T>
void convert_pixel(const T* from, std::size_t from_colours, T* to, std::size_t to_colours) {
  T own[3] = {from[0], from[from_colours / 2], from[from_colours - 1]};
  if (to_colours < from_colours) own[0] = luma(from);
  for (std::size_t c = 0; c < to_colours; ++c) to[c] = own[c];
}

template <class T>
bool convert(Image& image, ColourMode mode, Alpha alpha) {
  const auto channels = static_cast<std::size_t>(image.channels);
  const auto count = static_cast<std::size_t>(image.height * image.width);
  const bool has_alpha = channels % 2 == 0;
  const std::size_t colours = channels - (has_alpha ? 1 : 0);
  const std::size_t wanted = mode == ColourMode::stored ? colours : mode == ColourMode::grey ? 1 : 3;
  const bool keep = has_alpha && alpha == Alpha::keep;
  const std::size_t to_channels = wanted + (keep ? 1 : 0);
  const T* from = reinterpret_cast<const T*>(image.pixels.data());
  if (has_alpha && alpha == Alpha::opaque && !is_opaque(from, count, channels)) return false;
  if (to_channels == channels) return true;
  std::vector<std::byte> grown;
  if (to_channels > channels) grown.resize(count * to_channels * sizeof(T));
  T* to = reinterpret_cast<T*>(grown.empty() ? image.pixels.data() : grown.data());
  for (std::size_t i = 0; i < count; ++i) {
    const T opacity = from[i * channels + channels - 1];
    convert_pixel(from + i * channels, colours, to + i * to_channels, wanted);
    if (keep) to[i * to_channels + wanted] = opacity;
  }
  if (!grown.empty()) image.pixels = std::move(grown);
  image.pixels.resize(count * to_channels * sizeof(T));
  image.channels = static_cast<int>(to_channels);
  return true;
}

}  // namespace

bool convert_colour(Image& image, ColourMode mode, Alpha alpha) {
  return image.bits == 8 ? convert<std::uint8_t>(image, mode, alpha) : convert<std::uint16_t>(image, mode, alpha);
}

}  // namespace poise
