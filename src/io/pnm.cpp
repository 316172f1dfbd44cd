// PBM, PGM, PPM as text (P1 to P3) and binary (P4 to P6), and PAM (P7).

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "io/byte_order.h"
#include "io/image_codec.h"

namespace poise {
namespace {

constexpr std::uint64_t max_number = 0x7fffffff;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Text {
 public:
  explicit Text(const ImageFile& file) : file_(file) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return file_.bytes.size() - position_; }
  bool at_end() const { return left() == 0; }
  char peek() const { return at_end() ? '\0' : static_cast<char>(file_.bytes[position_]); }
  void skip(std::uint64_t bytes) { position_ += bytes; }

  // White space, and comments to the end of their line.
  void skip_space() {
    while (!at_end() && (is_space(peek()) || peek() == '#')) {
      if (peek() == '#') {
        while (!at_end() && peek() != '\n') ++position_;
      } else {
        ++position_;
      }
    }
  }

  std::uint64_t number(const char* what) {
    skip_space();
    if (!is_digit(peek())) fail(fmt::format("expected {}", what));
    std::uint64_t value = 0;
    while (is_digit(peek())) {
      value = value * 10 + static_cast<std::uint64_t>(peek() - '0');
      if (value > max_number) fail(fmt::format("expected {} of at most {}", what, max_number));
      ++position_;
    }
    return value;
  }

  // A digit on its own, as bitmaps have them without space between.
  int bit() {
    skip_space();
    if (peek() != '0' && peek() != '1') fail("expected 0 or 1");
    const int value = peek() - '0';
    ++position_;
    return value;
  }

  std::string word() {
    skip_space();
    std::string word;
    while (!at_end() && !is_space(peek()) && word.size() < 16) {
      word += peek();
      ++position_;
    }
    return word;
  }

  void skip_line() {
    while (!at_end() && peek() != '\n') ++position_;
    end_of_header();
  }

  // Exactly one white space stands between a header and binary data.
  void end_of_header() {
    if (!is_space(peek())) fail("expected white space");
    ++position_;
  }

  [[noreturn]] void fail(const std::string& message) const {
    file_.fail(fmt::format("{}, got {} (at byte {})", message, at_end() ? "the end" : "something else", position_));
  }

 private:
  const ImageFile& file_;
  std::uint64_t position_ = 0;
};

struct Header {
  std::uint64_t width = 0, height = 0, maxval = 1;
  std::uint64_t channels = 1;
  bool text = false, bitmap = false;
};

Header read_pam(Text& text) {
  Header header{0, 0, 0, 0, false, false};
  while (true) {
    const std::string key = text.word();
    if (key == "ENDHDR") break;
    if (key == "WIDTH") {
      header.width = text.number("a width");
    } else if (key == "HEIGHT") {
      header.height = text.number("a height");
    } else if (key == "DEPTH") {
      header.channels = text.number("a depth");
    } else if (key == "MAXVAL") {
      header.maxval = text.number("a maxval");
    } else if (key == "TUPLTYPE") {
      text.skip_line();
    } else {
      text.fail("expected WIDTH, HEIGHT, DEPTH, MAXVAL, TUPLTYPE or ENDHDR");
    }
  }
  text.end_of_header();
  return header;
}

Header read_header(Text& text) {
  text.skip(1);
  const char kind = text.peek();
  text.skip(1);
  if (kind == '7') return read_pam(text);
  Header header;
  header.text = kind <= '3';
  header.bitmap = kind == '1' || kind == '4';
  header.channels = kind == '3' || kind == '6' ? 3 : 1;
  header.width = text.number("a width");
  header.height = text.number("a height");
  if (!header.bitmap) header.maxval = text.number("a maxval");
  // Between a header and the text of its pixels any space will do.
  if (!header.text) text.end_of_header();
  return header;
}

void read_text(Text& text, const Header& header, std::span<std::byte> pixels) {
  const std::size_t size = header.maxval > 255 ? 2 : 1;
  for (std::size_t at = 0; at < pixels.size(); at += size) {
    // In bitmaps 1 is black.
    const std::uint64_t value = header.bitmap ? (text.bit() != 0 ? 0 : 255) : text.number("a value");
    if (!header.bitmap && value > header.maxval) text.fail(fmt::format("expected values up to {}", header.maxval));
    const auto narrow = static_cast<std::uint8_t>(value);
    const auto wide = static_cast<std::uint16_t>(value);
    std::memcpy(pixels.data() + at, size == 1 ? static_cast<const void*>(&narrow) : &wide, size);
  }
  text.skip_space();
}

void read_bits(std::span<const std::byte> from, std::uint64_t width, std::span<std::byte> pixels) {
  const std::uint64_t row_bytes = (width + 7) / 8;
  for (std::uint64_t i = 0; i < pixels.size(); ++i) {
    const std::uint64_t x = i % width;
    const std::byte bits = from[i / width * row_bytes + x / 8];
    pixels[i] = (bits << (x % 8) & std::byte{0x80}) != std::byte{0} ? std::byte{0} : std::byte{255};
  }
}

void check_values(const ImageFile& file, const Header& header) {
  if (header.channels < 1 || header.channels > 4) {
    file.fail(fmt::format("expected a depth of 1 to 4, got {}", header.channels));
  }
  if (!header.bitmap && header.maxval != 255 && header.maxval != 65535) {
    file.fail(fmt::format("expected a maxval of 255 or 65535, got {}", header.maxval));
  }
}

// The bytes of binary pixels, or the fewest that text takes: a digit each, and space between those that are no bits.
std::uint64_t bytes_of(const Header& header) {
  const std::uint64_t values = header.width * header.height * header.channels;
  if (header.text) return header.bitmap ? values : 2 * values - 1;
  if (header.bitmap) return (header.width + 7) / 8 * header.height;
  return values * (header.maxval > 255 ? 2 : 1);
}

}  // namespace

bool is_pnm(std::span<const std::byte> head) noexcept {
  if (head.size() < 3 || head[0] != std::byte{'P'}) return false;
  const char kind = static_cast<char>(head[1]), next = static_cast<char>(head[2]);
  return kind >= '1' && kind <= '7' && (is_space(next) || next == '#');
}

void decode_pnm(Image& image, const ImageFile& file) {
  Text text(file);
  const Header header = read_header(text);
  check_values(file, header);
  // Within the limits before bytes are counted, so that no product wraps around.
  const auto most = static_cast<std::uint64_t>(file.limits.max_pixels);
  const bool within = header.width > 0 && header.height > 0 && header.width * header.height <= most;
  if (within && bytes_of(header) > text.left()) {
    file.fail(
        fmt::format("expected {} bytes of pixels at byte {}, got {}", bytes_of(header), text.position(), text.left()));
  }
  file.allocate(image, header.height, header.width, static_cast<int>(header.channels), header.maxval > 255 ? 16 : 8);
  const auto data = file.bytes.subspan(text.position(), bytes_of(header));
  if (header.text) {
    read_text(text, header, image.pixels);
  } else if (header.bitmap) {
    read_bits(data, header.width, image.pixels);
    text.skip(data.size());
  } else {
    std::copy(data.begin(), data.end(), image.pixels.begin());
    if (header.maxval > 255) swap_byte_order(image.pixels, 2);
    text.skip(data.size());
  }
  if (!text.at_end()) file.fail(fmt::format("expected the end at byte {}, got {} more", text.position(), text.left()));
}

}  // namespace poise
