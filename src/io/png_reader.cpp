#include <png.h>

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/image_codec.h"

namespace poise {
namespace {

// Deflate never makes more of a byte.
constexpr std::uint64_t max_inflation = 1032;

// libpng leaves by longjmp. Everything between setjmp and the call that may jump has nothing to destroy: what needs
// destroying is a member, or made outside of guarded().
class Decoding {
 public:
  explicit Decoding(const ImageFile& file) : file_(file) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &Decoding::on_error, &Decoding::on_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (info_) return;
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw Error(Code::memory, "[png] decoder: expected memory, got none");
  }
  ~Decoding() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  void read(Image& image) {
    if (!guarded(&Decoding::read_header)) fail();
    const auto height = png_get_image_height(png_, info_), width = png_get_image_width(png_, info_);
    check_claim(height);
    const int bits = png_get_bit_depth(png_, info_) == 16 ? 16 : 8;
    if (!guarded(&Decoding::set_transforms)) fail();
    const int channels = png_get_channels(png_, info_);
    file_.allocate(image, height, width, channels, bits);
    const std::size_t row = image.pixels.size() / height;
    if (png_get_rowbytes(png_, info_) != row) file_.fail("expected rows of whole samples");
    rows_.resize(height);
    for (std::size_t y = 0; y < height; ++y) rows_[y] = reinterpret_cast<png_bytep>(image.pixels.data() + y * row);
    if (!guarded(&Decoding::read_rows) || damaged_) fail();
  }

 private:
  bool guarded(void (Decoding::*step)()) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    (this->*step)();
    return true;
  }

  void read_header() {
    png_set_read_fn(png_, this, &Decoding::on_read);
    // Ours is the limit on pixels.
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // Texts, profiles and the like are not looked at.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_read_info(png_, info_);
  }

  void set_transforms() {
    png_set_expand(png_);  // palette to RGB, 1, 2 and 4 bit grey to 8, transparent colours to alpha
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  void read_rows() {
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
  }

  // So a file of a few bytes cannot ask for the limit.
  void check_claim(std::uint64_t height) const {
    const std::uint64_t claimed = height * png_get_rowbytes(png_, info_);
    if (claimed / max_inflation <= file_.bytes.size()) return;
    file_.fail(fmt::format("expected pixels that {} bytes can hold, got {} x {}", file_.bytes.size(),
                           png_get_image_width(png_, info_), height));
  }

  [[noreturn]] void fail() const { file_.fail(fmt::format("{} (at byte {})", message_.data(), position_)); }

  void keep(const char* message) noexcept { std::strncpy(message_.data(), message, message_.size() - 1); }

  static void on_error(png_structp png, png_const_charp message) {
    static_cast<Decoding*>(png_get_error_ptr(png))->keep(message);
    png_longjmp(png, 1);
  }

  // About the chunks that pixels come from; other warnings are about texts and profiles.
  static void on_warning(png_structp png, png_const_charp message) {
    auto* self = static_cast<Decoding*>(png_get_error_ptr(png));
    for (const char* chunk : {"IDAT", "PLTE", "tRNS", "IHDR"}) {
      if (self->damaged_ || std::strncmp(message, chunk, 4) != 0) continue;
      self->damaged_ = true;
      self->keep(message);
    }
  }

  static void on_read(png_structp png, png_bytep to, std::size_t bytes) {
    auto* self = static_cast<Decoding*>(png_get_io_ptr(png));
    if (bytes > self->file_.bytes.size() - self->position_) png_error(png, "the file ends early");
    std::memcpy(to, self->file_.bytes.data() + self->position_, bytes);
    self->position_ += bytes;
  }

  const ImageFile& file_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<png_bytep> rows_;
  std::size_t position_ = 0;
  std::array<char, 128> message_{};
  bool damaged_ = false;
};

}  // namespace

bool is_png(std::span<const std::byte> head) noexcept {
  constexpr std::array<unsigned char, 8> signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  return head.size() >= signature.size() && std::memcmp(head.data(), signature.data(), signature.size()) == 0;
}

void decode_png(Image& image, const ImageFile& file) { Decoding(file).read(image); }

}  // namespace poise
