#include "io/image.h"

#include <fmt/format.h>
#include <poise/error.h>

#include "io/image_codec.h"

namespace poise {
namespace {

struct Codec {
  const char* format;
  bool (*recognizes)(std::span<const std::byte> head) noexcept;
  void (*decode)(Image& image, const ImageFile& file);
};

// A new format is its codec's file and its line here.
constexpr Codec codecs[] = {
    {"jpeg", is_jpeg, decode_jpeg},
    {"png", is_png, decode_png},
    {"pnm", is_pnm, decode_pnm},
};

const Codec* codec_of(std::span<const std::byte> head) noexcept {
  for (const Codec& codec : codecs) {
    if (codec.recognizes(head)) return &codec;
  }
  return nullptr;
}

}  // namespace

void ImageFile::fail(std::string_view message) const {
  throw Error(Code::data, fmt::format("[{}] {}: {}", format, name, message));
}

void ImageFile::allocate(Image& image, std::uint64_t height, std::uint64_t width, int channels, int bits) const {
  const auto most = static_cast<std::uint64_t>(limits.max_pixels);
  // Codecs read sizes of at most 32 bits, so the product fits 64.
  if (height == 0 || width == 0 || height * width > most) {
    fail(fmt::format("expected 1 to {} pixels, got {} x {}", most, width, height));
  }
  image.height = static_cast<std::int64_t>(height);
  image.width = static_cast<std::int64_t>(width);
  image.channels = channels;
  image.bits = bits;
  image.pixels.resize(height * width * static_cast<std::uint64_t>(channels * bits / 8));
}

const char* image_format(std::span<const std::byte> head) noexcept {
  const Codec* codec = codec_of(head);
  return codec ? codec->format : nullptr;
}

void decode_image(Image& image, std::span<const std::byte> file, const std::string& name, const ImageLimits& limits) {
  const Codec* codec = codec_of(file);
  if (!codec) {
    throw Error(Code::data, fmt::format("[image] {}: expected JPEG, PNG or PNM, got {}", name,
                                        file.empty() ? "an empty file" : "other first bytes"));
  }
  codec->decode(image, {codec->format, file, name, limits});
}

Image decode_image(std::span<const std::byte> file, const std::string& name, const ImageLimits& limits) {
  Image image;
  decode_image(image, file, name, limits);
  return image;
}

}  // namespace poise
