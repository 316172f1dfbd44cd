#include "image_files.h"

#include <turbojpeg.h>
#include <zlib.h>

#include <cstring>
#include <span>
#include <stdexcept>

namespace poise::test {
namespace {

std::string big_endian(std::uint64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string deflated(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return out.substr(0, size);
}

}  // namespace

std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type) + std::string(data);
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(data.size()) + body + big_endian(sum);
}

std::string png_file(const PngHeader& header, std::string_view rows, std::string_view extra) {
  std::string start = big_endian(header.width) + big_endian(header.height);
  start += static_cast<char>(header.depth);
  start += static_cast<char>(header.colours);
  start += std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", start) + std::string(extra) + png_chunk("IDAT", deflated(rows)) +
         png_chunk("IEND", "");
}

std::string jpeg_file(const Image& image, int quality, bool progressive) {
  const tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool grey = image.channels == 1;
  const int result = tjCompress2(encoder, reinterpret_cast<const unsigned char*>(image.pixels.data()),
                                 static_cast<int>(image.width), 0, static_cast<int>(image.height),
                                 grey ? TJPF_GRAY : TJPF_RGB, &bytes, &size, grey ? TJSAMP_GRAY : TJSAMP_420, quality,
                                 TJFLAG_ACCURATEDCT | (progressive ? TJFLAG_PROGRESSIVE : 0));
  const std::string file(reinterpret_cast<const char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  if (result != 0) throw std::runtime_error("no JPEG");
  return file;
}

std::string png_of(const Image& image) {
  const std::vector<std::byte> file = encode_png(image);
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

Image pattern(std::int64_t height, std::int64_t width, int channels, int bits) {
  Image image{height, width, channels, bits, {}};
  const auto values = static_cast<std::size_t>(height * width * channels);
  for (std::size_t i = 0; i < values; ++i) {
    const std::size_t c = i % static_cast<std::size_t>(channels);
    const std::size_t x = i / static_cast<std::size_t>(channels) % static_cast<std::size_t>(width);
    const std::size_t y = i / static_cast<std::size_t>(channels * width);
    const std::size_t value = 9 * x * (c + 1) + 5 * y + 40 * c;
    image.pixels.push_back(static_cast<std::byte>(value));
    if (bits == 16) image.pixels.push_back(static_cast<std::byte>(value >> 3));
  }
  return image;
}

Image decoded(std::string_view file, const ImageLimits& limits) {
  return decode_image(std::as_bytes(std::span(file)), "x", limits);
}

}  // namespace poise::test
