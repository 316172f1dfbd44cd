// Colour transfer: what adaptive instance norm promises, seen on pixels.

#include "data/transfer.h"

#include <cmath>

#include <gtest/gtest.h>

#include "image_files.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::pattern;
using test::throws;

// Values from low, range of them, so that nothing is clipped.
Image within(Image image, int low, int range) {
  for (std::byte& b : image.pixels) b = static_cast<std::byte>(low + std::to_integer<int>(b) % range);
  return image;
}

struct Spread {
  double mean = 0, std = 0;
};

Spread spread(const Image& image, std::size_t channel) {
  std::vector<double> values;
  const auto step = static_cast<std::size_t>(image.channels);
  for (std::size_t i = channel; i < image.pixels.size(); i += step) {
    values.push_back(std::to_integer<int>(image.pixels[i]));
  }
  const auto n = static_cast<double>(values.size());
  Spread s;
  for (const double v : values) s.mean += v / n;
  for (const double v : values) s.std += (v - s.mean) * (v - s.mean) / (n - 1);
  s.std = std::sqrt(s.std);
  return s;
}

int largest_difference(const Image& a, const Image& b) {
  int most = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    most = std::max(most, std::abs(std::to_integer<int>(a.pixels[i]) - std::to_integer<int>(b.pixels[i])));
  }
  return most;
}

// A rounded value is off by half a level at most, and so is the mean; the std by no more.
TEST(TransferTest, GivesTheContentTheStylesMeanAndStd) {
  const Image content = within(pattern(40, 50, 3), 20, 90), style = within(pattern(31, 17, 3), 100, 60);
  const Image out = transfer(content, style, TransferOptions{1, ColourSpace::rgb, nullptr, nullptr});
  EXPECT_EQ(out.height, 40);
  EXPECT_EQ(out.width, 50);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(spread(out, c).mean, spread(style, c).mean, 0.5) << c;
    EXPECT_NEAR(spread(out, c).std, spread(style, c).std, 0.5) << c;
  }
}

TEST(TransferTest, WithoutStyleAndWithItselfNothingChanges) {
  const Image content = pattern(23, 31, 3), style = pattern(11, 13, 3);
  for (const ColourSpace space : {ColourSpace::rgb, ColourSpace::lalphabeta}) {
    // Only what is darker than the logarithm's floor may move, by less than half a level of it.
    EXPECT_LE(largest_difference(transfer(content, style, TransferOptions{0, space, nullptr, nullptr}), content), 1);
    EXPECT_LE(largest_difference(transfer(content, content, TransferOptions{1, space, nullptr, nullptr}), content), 1);
  }
}

TEST(TransferTest, MasksMatchSegmentsByTheirValue) {
  const Image content = within(pattern(20, 20, 3), 20, 90), style = within(pattern(20, 20, 3), 100, 60);
  Image left{20, 20, 1, 8, std::vector<std::byte>(400)}, other = left;
  for (std::size_t i = 0; i < 400; ++i) {
    left.pixels[i] = std::byte(i % 20 < 10 ? 1 : 2);
    other.pixels[i] = std::byte(i % 20 < 10 ? 1 : 3);
  }
  const Image out = transfer(content, style, TransferOptions{1, ColourSpace::rgb, &left, &other});
  double got = 0, expected = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      // Value 2 has no style.
      if (i % 20 >= 10) {
        EXPECT_EQ(out.pixels[3 * i + c], content.pixels[3 * i + c]);
      } else {
        got += std::to_integer<int>(out.pixels[3 * i + c]) / 600.0;
        expected += std::to_integer<int>(style.pixels[3 * i + c]) / 600.0;
      }
    }
  }
  EXPECT_NEAR(got, expected, 0.5);
}

TEST(TransferTest, KeepsDepthAndAlphaAndTakesGrey) {
  const Image grey_alpha = pattern(6, 7, 2, 16), style = pattern(5, 5, 3);
  const Image out = transfer(grey_alpha, style);
  EXPECT_EQ(out.channels, 4);
  EXPECT_EQ(out.bits, 16);
  for (std::size_t i = 0; i < 42; ++i) {
    EXPECT_EQ(out.pixels[8 * i + 6], grey_alpha.pixels[4 * i + 2]);
    EXPECT_EQ(out.pixels[8 * i + 7], grey_alpha.pixels[4 * i + 3]);
  }
  EXPECT_EQ(transfer(style, pattern(4, 4, 1)).channels, 3);
}

TEST(TransferTest, RefusesMasksThatDoNotFit) {
  const Image content = pattern(4, 5, 3), mask = pattern(4, 5, 1), small = pattern(4, 4, 1);
  EXPECT_TRUE(throws(Code::usage, "one for the content and one for the style", [&] {
    transfer(content, content, TransferOptions{1, ColourSpace::rgb, &mask, nullptr});
  }));
  EXPECT_TRUE(throws(Code::shape, "[transfer] style mask: expected grey of 5 x 4, got 4 x 4 of 1 channels", [&] {
    transfer(content, content, TransferOptions{1, ColourSpace::rgb, &mask, &small});
  }));
  EXPECT_TRUE(throws(Code::shape, "[transfer] content mask: expected grey", [&] {
    transfer(content, content, TransferOptions{1, ColourSpace::rgb, &content, &mask});
  }));
  EXPECT_TRUE(throws(Code::usage, "expected rgb or lalphabeta", [] { colour_space_named("lab"); }));
}

}  // namespace
}  // namespace poise
