// Images as one array, for poise apply: values at their places, in both layouts, whatever the threads; sets that are no
// array are refused.

#include "data/image_array.h"

#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>

#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;
using test::throws;

std::string write_images(const TempFolder& folder) {
  std::filesystem::create_directory(folder / "set");
  for (int n = 0; n < 9; ++n) {
    std::string image = "P6 3 2 255\n";
    for (int i = 0; i < 18; ++i) image += static_cast<char>(n * 20 + i);
    folder.write("set/" + std::to_string(n) + ".ppm", image);
  }
  folder.write("set/notes.txt", "no image");
  return folder / "set";
}

std::vector<std::byte> read_all(DataSource& source) {
  std::vector<std::byte> all, block(source.info().sample_bytes() * 4);
  while (const std::int64_t count = source.read(block)) {
    all.insert(all.end(), block.begin(),
               block.begin() + count * static_cast<std::ptrdiff_t>(source.info().sample_bytes()));
  }
  return all;
}

TEST(ImageArrayTest, ValuesAreAtTheirPlacesInBothLayouts) {
  const TempFolder folder;
  const std::string path = write_images(folder);
  for (const int threads : {1, 3}) {
    for (const bool last : {false, true}) {
      const auto source = open_image_array(path, {ColourMode::stored, Alpha::opaque, last, threads});
      ASSERT_EQ(source->info().shape, last ? Dims({9, 2, 3, 3}) : Dims({9, 3, 2, 3}));
      ASSERT_EQ(source->info().image_channel_axis, last ? 3 : 1);
      const std::vector<std::byte> values = read_all(*source);
      ASSERT_EQ(values.size(), 9U * 18);
      for (std::size_t n = 0; n < 9; ++n) {
        for (std::size_t c = 0; c < 3; ++c) {
          for (std::size_t i = 0; i < 6; ++i) {
            const std::size_t at = last ? i * 3 + c : c * 6 + i;
            ASSERT_EQ(std::to_integer<std::size_t>(values[n * 18 + at]), n * 20 + i * 3 + c);
          }
        }
      }
    }
  }
}

TEST(ImageArrayTest, SixteenBitsStaySo) {
  const TempFolder folder;
  const auto source = open_image_array(folder.write("deep.pgm", "P5 2 1 65535\n\xff\xff\x01\x02"));
  EXPECT_EQ(source->info().dtype, ValueType::u16());
  EXPECT_EQ(source->info().scale(), 65535);
  const std::vector<std::byte> bytes = read_all(*source);
  std::uint16_t values[2];
  ASSERT_EQ(bytes.size(), sizeof values);
  std::memcpy(values, bytes.data(), sizeof values);
  EXPECT_EQ(values[0], 65535);
  EXPECT_EQ(values[1], 0x102);
}

TEST(ImageArrayTest, WhatIsNoArrayIsRefused) {
  const TempFolder folder;
  const std::string path = write_images(folder);
  folder.write("set/5b.ppm", "P6 2 3 255\nabcdefghijklmnopqr");
  EXPECT_TRUE(throws(Code::data, "5b.ppm: expected 3 x 2, 3 channels of 8 bits as", [&] {
    read_all(*open_image_array(path, {ColourMode::stored, Alpha::opaque, false, 2}));
  }));
  folder.write("set/5b.ppm", "P5 3 2 255\nabcdef");
  EXPECT_TRUE(throws(Code::data, "(--mode grey or rgb)", [&] { read_all(*open_image_array(path)); }));
  EXPECT_EQ(read_all(*open_image_array(path, {ColourMode::grey, Alpha::opaque, false, 1})).size(), 60U);
  folder.write("set/5b.ppm", "P6 3 2 255\nabc");
  EXPECT_TRUE(throws(Code::data, "5b.ppm", [&] {
    read_all(*open_image_array(path, {ColourMode::stored, Alpha::opaque, false, 2}));
  }));
  std::filesystem::create_directory(folder / "none");
  EXPECT_TRUE(throws(Code::data, "expected images, got none", [&] { open_image_array(folder / "none"); }));
}

}  // namespace
}  // namespace poise
