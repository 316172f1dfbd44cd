#include <png.h>

#include <array>
#include <bit>
#include <new>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/image.h"

namespace poise {
namespace {

constexpr std::array<int, 5> colour_types = {-1, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                             PNG_COLOR_TYPE_RGB_ALPHA};

void check(const Image& image) {
  const bool known = image.channels >= 1 && image.channels <= 4 && (image.bits == 8 || image.bits == 16);
  const bool sized = image.height > 0 && image.width > 0 && image.height <= 0x7fffffff && image.width <= 0x7fffffff;
  if (known && sized &&
      image.pixels.size() == static_cast<std::size_t>(image.height * image.width * image.channels * image.bits / 8)) {
    return;
  }
  throw Error(Code::usage, fmt::format("[png] image: expected 1 to 4 channels of 8 or 16 bits, got {} x {} x {} of {} "
                                       "bits in {} bytes",
                                       image.height, image.width, image.channels, image.bits, image.pixels.size()));
}

// See the reader on longjmp.
class Encoding {
 public:
  Encoding() : png_(png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, &Encoding::on_error, nullptr)) {
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (info_) return;
    png_destroy_write_struct(&png_, nullptr);
    throw Error(Code::memory, "[png] encoder: expected memory, got none");
  }
  ~Encoding() { png_destroy_write_struct(&png_, &info_); }
  Encoding(const Encoding&) = delete;
  Encoding& operator=(const Encoding&) = delete;

  // False: no memory.
  bool write(const Image& image) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_write_fn(png_, this, &Encoding::on_write, nullptr);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), image.bits,
                 colour_types[static_cast<std::size_t>(image.channels)], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png_, info_);
    if (image.bits == 16 && std::endian::native == std::endian::little) png_set_swap(png_);
    const auto* pixels = reinterpret_cast<const unsigned char*>(image.pixels.data());
    const std::size_t row = image.pixels.size() / static_cast<std::size_t>(image.height);
    for (std::size_t at = 0; at < image.pixels.size(); at += row) png_write_row(png_, pixels + at);
    png_write_end(png_, nullptr);
    return true;
  }
  std::vector<std::byte> take() noexcept { return std::move(file_); }

 private:
  static void on_error(png_structp png, png_const_charp) { png_longjmp(png, 1); }

  static void on_write(png_structp png, png_bytep data, std::size_t bytes) {
    auto* self = static_cast<Encoding*>(png_get_io_ptr(png));
    bool kept = true;
    try {
      const auto* from = reinterpret_cast<const std::byte*>(data);
      self->file_.insert(self->file_.end(), from, from + bytes);
    } catch (const std::bad_alloc&) {
      kept = false;
    }
    if (!kept) png_error(png, "");
  }

  png_structp png_;
  png_infop info_ = nullptr;
  std::vector<std::byte> file_;
};

}  // namespace

std::vector<std::byte> encode_png(const Image& image) {
  check(image);
  Encoding encoding;
  if (!encoding.write(image)) throw Error(Code::memory, "[png] encoder: expected memory, got none");
  return encoding.take();
}

}  // namespace poise
