// JPEG, PNG and PNM: exact samples, every kind of file that has them, and what no damage may do.

#include "io/image.h"

#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "image_files.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::decoded;
using test::jpeg_file;
using test::pattern;
using test::png_chunk;
using test::png_file;
using test::png_of;
using test::throws;
using namespace std::string_literals;

void expect_same(const Image& got, const Image& expected) {
  EXPECT_EQ(got.height, expected.height);
  EXPECT_EQ(got.width, expected.width);
  EXPECT_EQ(got.channels, expected.channels);
  EXPECT_EQ(got.bits, expected.bits);
  EXPECT_EQ(got.pixels, expected.pixels);
}

Image image_of(std::int64_t height, std::int64_t width, int channels, const std::vector<int>& values, int bits = 8) {
  Image image{height, width, channels, bits, {}};
  for (const int value : values) {
    image.pixels.push_back(static_cast<std::byte>(value));
    if (bits == 16) image.pixels.push_back(static_cast<std::byte>(value >> 8));
  }
  return image;
}

TEST(ImageTest, KnowsFilesByTheirFirstBytes) {
  const auto known = [](std::string_view head) { return is_image(std::as_bytes(std::span(head))); };
  EXPECT_TRUE(known("\xFF\xD8\xFF\xE0"));
  EXPECT_TRUE(known("\x89PNG\r\n\x1a\n"));
  for (const char* head : {"P1\n", "P4 ", "P6\n", "P7\n", "P5#"}) EXPECT_TRUE(known(head)) << head;
  for (const char* head : {"", "P", "P6", "P8\n", "P0\n", "Pan", "GIF89a", "\x89PNG", "\xFF\xD8"})
    EXPECT_FALSE(known(head)) << head;
  EXPECT_TRUE(throws(Code::data, "[image] x: expected JPEG, PNG or PNM, got an empty file", [] { decoded(""); }));
  EXPECT_TRUE(throws(Code::data, "[image] x: expected JPEG, PNG or PNM", [] { decoded("GIF89a"); }));
}

TEST(PngTest, GivesBackWhatWasWritten) {
  for (int channels = 1; channels <= 4; ++channels) {
    for (const int bits : {8, 16}) {
      const Image image = pattern(5, 7, channels, bits);
      expect_same(decoded(png_of(image)), image);
    }
  }
}

TEST(PngTest, WidensFewBits) {
  const auto grey = [](int depth, const std::string& row, std::uint32_t width) {
    return decoded(png_file({width, 1, depth, 0}, "\0"s + row));
  };
  expect_same(grey(1, "\xA0", 3), image_of(1, 3, 1, {255, 0, 255}));
  expect_same(grey(2, "\x1B", 4), image_of(1, 4, 1, {0, 85, 170, 255}));
  expect_same(grey(4, "\x0F\x50", 3), image_of(1, 3, 1, {0, 255, 85}));
}

TEST(PngTest, SixteenBitsAreInThisMachinesOrder) {
  expect_same(decoded(png_file({2, 1, 16, 0}, "\0\x12\x34\xFF\x00"s)), image_of(1, 2, 1, {0x1234, 0xFF00}, 16));
}

TEST(PngTest, PalettesBecomeColours) {
  const std::string palette = png_chunk("PLTE", "\x01\x02\x03\xF0\xF1\xF2\x07\x08\x09"s);
  const std::string row = "\0\x01\x00\x02"s;
  expect_same(decoded(png_file({3, 1, 8, 3}, row, palette)), image_of(1, 3, 3, {0xF0, 0xF1, 0xF2, 1, 2, 3, 7, 8, 9}));
  expect_same(decoded(png_file({3, 1, 8, 3}, row, palette + png_chunk("tRNS", "\x80"))),
              image_of(1, 3, 4, {0xF0, 0xF1, 0xF2, 255, 1, 2, 3, 128, 7, 8, 9, 255}));
}

TEST(PngTest, ATransparentColourBecomesAlpha) {
  expect_same(decoded(png_file({2, 1, 8, 0}, "\0\x05\x06"s, png_chunk("tRNS", "\0\x06"s))),
              image_of(1, 2, 2, {5, 255, 6, 0}));
}

// Samples are what the file stores: a gamma, a profile or a text changes none.
TEST(PngTest, IgnoresWhatIsNoPixel) {
  const std::string gamma = png_chunk("gAMA", "\0\0\x10\x00"s), text = png_chunk("tEXt", "Comment\0hello"s);
  expect_same(decoded(png_file({2, 1, 8, 0}, "\0\x05\x06"s, gamma + text)), image_of(1, 2, 1, {5, 6}));
}

TEST(PngTest, DamageIsAnError) {
  std::string file = png_file({2, 2, 8, 0}, "\0\x05\x06\0\x07\x08"s, png_chunk("tEXt", "Comment\0hello"s));
  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_TRUE(throws(Code::data, "x: ", [&] { decoded(file.substr(0, length)); })) << length;
  }
  // No bit is without a checksum.
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ 1 << bit % 8);
    EXPECT_TRUE(throws(Code::data, "x: ", [&] { decoded(file); })) << bit;
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ 1 << bit % 8);
  }
  EXPECT_TRUE(throws(Code::data, "[png] x: the file ends early (at byte 33)", [&] { decoded(file.substr(0, 36)); }));
  // More and fewer pixels than the header says.
  EXPECT_TRUE(throws(Code::data, "[png]", [] { decoded(png_file({2, 2, 8, 0}, "\0\x05\x06"s)); }));
  EXPECT_TRUE(throws(Code::data, "[png]", [] { decoded(png_file({2, 1, 8, 0}, "\0\x05\x06\0\x07\x08"s)); }));
  EXPECT_TRUE(throws(Code::data, "[png]", [] { decoded(png_file({2, 1, 8, 3}, "\0\x05\x06"s)); }));
}

TEST(PngTest, SizesThatLieTakeNoMemory) {
  std::string noise(20000, '\0');
  std::mt19937 random(1);
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_TRUE(throws(Code::data, "[png] x: expected 1 to 67108864 pixels, got 70000 x 1000", [&] {
    decoded(png_file({70000, 1000, 1, 0}, noise));
  }));
  EXPECT_TRUE(throws(Code::data, "[png] x: expected pixels that", [] {
    decoded(png_file({8000, 8000, 8, 6}, "\0\x05\x06"s));
  }));
  EXPECT_TRUE(throws(Code::data, "[png]", [] { decoded(png_file({0x7fffffff, 0x7fffffff, 16, 6}, "\0"s)); }));
  EXPECT_TRUE(throws(Code::data, "[png]", [] { decoded(png_file({0, 1, 8, 0}, "\0"s)); }));
  EXPECT_TRUE(throws(Code::data, "expected 1 to 5 pixels, got 2 x 3",
                     [] { decoded(png_of(pattern(3, 2, 3)), {.max_pixels = 5}); }));
  EXPECT_EQ(decoded(png_of(pattern(3, 2, 3)), {.max_pixels = 6}).width, 2);
}

TEST(PngTest, RefusesImagesThatAreNone) {
  for (const Image& image : {Image{}, Image{1, 1, 5, 8, std::vector<std::byte>(5)}, Image{2, 2, 1, 8, {}},
                             Image{1, 1, 1, 12, std::vector<std::byte>(1)}}) {
    EXPECT_TRUE(throws(Code::usage, "[png] image: expected", [&] { encode_png(image); }));
  }
}

int value_at(const Image& image, std::size_t i) { return std::to_integer<int>(image.pixels[i]); }

// A flat colour survives JPEG but for the rounding to its colour space and back: one grey level each way.
TEST(JpegTest, FlatColoursComeBack) {
  for (const int channels : {1, 3}) {
    for (const bool progressive : {false, true}) {
      Image image = pattern(19, 21, channels);
      for (std::size_t i = 0; i < image.pixels.size(); ++i)
        image.pixels[i] = std::byte(40 + 60 * (i % static_cast<std::size_t>(channels)));
      const Image got = decoded(jpeg_file(image, 100, progressive));
      EXPECT_EQ(got.height, 19);
      EXPECT_EQ(got.width, 21);
      EXPECT_EQ(got.channels, channels);
      ASSERT_EQ(got.pixels.size(), image.pixels.size());
      for (std::size_t i = 0; i < got.pixels.size(); ++i) ASSERT_NEAR(value_at(got, i), value_at(image, i), 2) << i;
    }
  }
}

TEST(JpegTest, DamageIsAnError) {
  for (const bool progressive : {false, true}) {
    const std::string file = jpeg_file(pattern(32, 24, 3), 90, progressive);
    EXPECT_EQ(decoded(file).width, 24);
    for (std::size_t length = 0; length < file.size(); ++length) {
      EXPECT_TRUE(throws(Code::data, "x: ", [&] { decoded(file.substr(0, length)); })) << length;
    }
    // Bytes put between the first segment, of 20 bytes with its marker, and the next.
    EXPECT_TRUE(throws(Code::data, "[jpeg] x: ", [&] { decoded(file.substr(0, 20) + "abcd" + file.substr(20)); }));
  }
}

TEST(JpegTest, SizesThatLieTakeNoMemory) {
  std::string file = jpeg_file(pattern(32, 24, 1));
  const std::size_t frame = file.find("\xFF\xC0"s);
  ASSERT_NE(frame, std::string::npos);
  file.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");
  EXPECT_TRUE(throws(Code::data, "[jpeg] x: expected 1 to 67108864 pixels, got 65500 x 65500", [&] { decoded(file); }));
  file.replace(frame + 5, 4, "\x00\x40\x00\x18"s);
  EXPECT_TRUE(throws(Code::data, "[jpeg] x: ", [&] { decoded(file); }));
}

TEST(PnmTest, ReadsEveryKind) {
  const Image bits = image_of(2, 3, 1, {255, 0, 255, 0, 255, 0});
  expect_same(decoded("P1\n3 2\n0 1 0\n101\n"), bits);
  expect_same(decoded("P4\n3 2\n\x40\xA0"), bits);
  expect_same(decoded("P4 9 1 \x00\x80"s), image_of(1, 9, 1, {255, 255, 255, 255, 255, 255, 255, 255, 0}));
  const Image grey = image_of(2, 2, 1, {1, 255, 3, 65});
  expect_same(decoded("P2 # made by hand\n2 2\n# two\n255\n1 255 3\n65"), grey);
  expect_same(decoded("P5\n2 2\n255\n\x01\xFF\x03\x41"), grey);
  expect_same(decoded("P7\nWIDTH 2\nHEIGHT 2\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n\x01\xFF\x03\x41"),
              grey);
  const Image colour = image_of(1, 2, 3, {1, 2, 3, 253, 254, 255});
  expect_same(decoded("P3 2 1 255 1 2 3 253 254 255\n"), colour);
  expect_same(decoded("P6 2 1 255\n\x01\x02\x03\xFD\xFE\xFF"), colour);
  const Image wide = image_of(1, 2, 1, {0x0102, 0xFFFE}, 16);
  expect_same(decoded("P2 2 1 65535 258 65534"), wide);
  expect_same(decoded("P5 2 1 65535\n\x01\x02\xFF\xFE"), wide);
  expect_same(decoded("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nENDHDR\n\x01\x02\x03\x04"),
              image_of(1, 1, 4, {1, 2, 3, 4}));
}

TEST(PnmTest, CutShortAnywhereIsAnError) {
  for (const std::string& file :
       {"P1 3 1 010"s, "P2 2 1 255 1 2 "s, "P4\n3 2\n\x40\xA0"s, "P6 2 1 255\n\x01\x02\x03\xFD\xFE\xFF"s,
        "P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n\x07"s}) {
    EXPECT_NO_THROW(decoded(file));
    // The last of a text may be a space that means nothing.
    const std::size_t whole = file.back() == ' ' ? file.size() - 1 : file.size();
    for (std::size_t length = 0; length < whole; ++length) {
      EXPECT_TRUE(throws(Code::data, "x: ", [&] { decoded(file.substr(0, length)); })) << file << length;
    }
  }
}

TEST(PnmTest, RefusesWhatHasNoExactMeaning) {
  const auto refused = [](const std::string& file, std::string_view text) {
    EXPECT_TRUE(throws(Code::data, text, [&] { decoded(file); })) << file;
  };
  refused("P5 2 1 100\n\x01\x02", "[pnm] x: expected a maxval of 255 or 65535, got 100");
  refused("P2 1 1 255 256", "expected values up to 255, got the end (at byte 14)");
  refused("P1 1 1 2", "expected 0 or 1");
  refused("P5 2 1 255\n\x01\x02\x03", "expected the end at byte 13, got 1 more");
  refused("P5 3 1 255\n\x01\x02", "expected 3 bytes of pixels at byte 11, got 2");
  refused("P5 0 1 255\n", "expected 1 to 67108864 pixels, got 0 x 1");
  refused("P5 2147483647 2147483647 255\n", "expected 1 to 67108864 pixels");
  refused("P5 2147483648 1 255\n", "expected a width of at most 2147483647");
  refused("P5 -1 1 255\n", "expected a width, got something else (at byte 3)");
  refused("P5 60000 1000 65535\n\x01", "expected 120000000 bytes of pixels at byte 20, got 1");
  refused("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345", "expected a depth of 1 to 4, got 5");
  refused("P7\nSIZE 1\n", "expected WIDTH, HEIGHT");
}

// Forty bytes overwritten at random: an image or Error{data}, nothing else, and no more memory than the limit.
TEST(ImageTest, SurvivesFlippedBytes) {
  const std::vector<std::string> files = {jpeg_file(pattern(40, 40, 3)), jpeg_file(pattern(40, 40, 3), 80, true),
                                          png_of(pattern(40, 40, 3)), png_of(pattern(20, 20, 4, 16)),
                                          "P6 8 8 255\n" + std::string(192, 'x')};
  std::mt19937 random(1);
  for (int round = 0; round < 400; ++round) {
    std::string file = files[static_cast<std::size_t>(round) % files.size()];
    for (int flip = 0; flip < 40; ++flip) file[random() % file.size()] = static_cast<char>(random());
    try {
      const Image image = decoded(file, {.max_pixels = 1 << 20});
      EXPECT_LE(image.height * image.width, 1 << 20);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::data) << error.what();
    }
  }
}

}  // namespace
}  // namespace poise
