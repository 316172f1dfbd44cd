#include <turbojpeg.h>

#include <memory>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/image_codec.h"

namespace poise {
namespace {

struct Destroy {
  void operator()(void* decoder) const noexcept { tjDestroy(decoder); }
};
using Decoder = std::unique_ptr<void, Destroy>;

// A warning means that the decoder made pixels up; it stops at the first. A file of thousands of scans would decode for
// minutes.
constexpr int flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;

}  // namespace

bool is_jpeg(std::span<const std::byte> head) noexcept {
  return head.size() >= 3 && head[0] == std::byte{0xFF} && head[1] == std::byte{0xD8} && head[2] == std::byte{0xFF};
}

void decode_jpeg(Image& image, const ImageFile& file) {
  const Decoder decoder(tjInitDecompress());
  if (!decoder) throw Error(Code::memory, "[jpeg] decoder: expected memory, got none");
  const auto* data = reinterpret_cast<const unsigned char*>(file.bytes.data());
  const auto bytes = static_cast<unsigned long>(file.bytes.size());
  const auto fail = [&] { file.fail(fmt::format("{} ({} bytes)", tjGetErrorStr2(decoder.get()), bytes)); };
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, bytes, &width, &height, &subsampling, &colours) != 0) fail();
  if (width < 1 || height < 1) file.fail("expected sizes above 0");
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) file.fail("expected grey or RGB, got CMYK");
  const int channels = colours == TJCS_GRAY ? 1 : 3;
  file.allocate(image, static_cast<std::uint64_t>(height), static_cast<std::uint64_t>(width), channels, 8);
  auto* to = reinterpret_cast<unsigned char*>(image.pixels.data());
  const int format = channels == 1 ? TJPF_GRAY : TJPF_RGB;
  if (tjDecompress2(decoder.get(), data, bytes, to, width, 0, height, format, flags) != 0) fail();
}

}  // namespace poise
