// IDX files, plain and compressed: every byte that may be missing, every size that may lie. Formats are found by
// content.

#include <zlib.h>

#include <cstring>
#include <vector>

#include "io/idx.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/data_source.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;
using test::throws;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string idx_file(int type, const std::vector<std::uint32_t>& sizes, const std::string& data) {
  std::string file("\0\0", 2);
  file += static_cast<char>(type);
  file += static_cast<char>(sizes.size());
  for (const std::uint32_t size : sizes) file += big_endian(size);
  return file + data;
}

std::string gzip(const std::string& bytes) {
  std::string out(bytes.size() + 1000, '\0');
  z_stream state{};
  deflateInit2(&state, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string in = bytes;
  state.next_in = reinterpret_cast<Bytef*>(in.data());
  state.avail_in = static_cast<uInt>(in.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&state, Z_FINISH), Z_STREAM_END);
  out.resize(state.total_out);
  deflateEnd(&state);
  return out;
}

std::string counting(std::size_t count) {
  std::string data;
  for (std::size_t i = 0; i < count; ++i) data += static_cast<char>(i * 7 % 256);
  return data;
}

// All of a data set, read in blocks of so many samples.
std::string read_source(const std::string& path, std::size_t samples_at_once) {
  const auto source = open_data_source(path);
  std::vector<std::byte> block(samples_at_once * source->info().sample_bytes());
  std::string data;
  while (const std::int64_t count = source->read(block)) {
    data.append(reinterpret_cast<const char*>(block.data()),
                static_cast<std::size_t>(count) * source->info().sample_bytes());
  }
  return data;
}

const std::string images = idx_file(0x08, {5, 2, 3}, counting(30));

TEST(IdxTest, ReadsImagesInBlocksOfEverySizePlainAndCompressed) {
  const TempFolder folder;
  for (const std::string& file : {images, gzip(images), gzip(images.substr(0, 17)) + gzip(images.substr(17))}) {
    const std::string path = folder.write("images", file);
    for (std::size_t at_once = 1; at_once <= 6; ++at_once) EXPECT_EQ(read_source(path, at_once), counting(30));
  }
}

TEST(IdxTest, SaysWhatItIs) {
  const TempFolder folder;
  const auto source = open_data_source(folder.write("images.bin", gzip(images)));
  EXPECT_EQ(source->info().format, "idx");
  EXPECT_EQ(source->info().compression, "gzip");
  EXPECT_EQ(source->info().dtype, DType::u8);
  EXPECT_EQ(source->info().shape, Dims({5, 2, 3}));
  EXPECT_EQ(source->info().samples(), 5);
  EXPECT_EQ(source->info().sample_values(), 6);
}

TEST(IdxTest, ReadsBigEndianFloats) {
  const TempFolder folder;
  const std::string path = folder.write("x", idx_file(0x0D, {2, 1}, big_endian(0x3f800000) + big_endian(0xc0400000)));
  const std::string data = read_source(path, 1);
  std::array<float, 2> values{};
  std::memcpy(values.data(), data.data(), sizeof values);
  EXPECT_EQ(values, (std::array<float, 2>{1.0F, -3.0F}));
  const std::string wide = big_endian(0x3ff80000) + big_endian(0);
  double value = 0;
  std::memcpy(&value, read_source(folder.write("x", idx_file(0x0E, {1}, wide)), 1).data(), sizeof value);
  EXPECT_EQ(value, 1.5);
}

TEST(IdxTest, OtherTypesAreRefusedByNumber) {
  const TempFolder folder;
  for (const int type : {0x09, 0x0B, 0x0C}) {
    const std::string path = folder.write("x", idx_file(type, {0}, ""));
    EXPECT_TRUE(throws(Code::data, fmt::format("got 0x{:02X}", type), [&] { open_data_source(path); }));
  }
}

TEST(IdxTest, EveryPrefixIsRefused) {
  const TempFolder folder;
  for (const std::string& file : {images, gzip(images)}) {
    for (std::size_t bytes = 0; bytes < file.size(); ++bytes) {
      const std::string path = folder.write("cut", file.substr(0, bytes));
      EXPECT_TRUE(throws(Code::data, "cut: expected", [&] { read_source(path, 2); })) << "cut to " << bytes;
    }
  }
}

TEST(IdxTest, BytesBehindTheDataAreRefused) {
  const TempFolder folder;
  for (const std::string& file : {images + "x", gzip(images + "x"), gzip(images) + "x", gzip(images) + gzip("x"),
                                  gzip(images) + std::string(20, '\0')}) {
    const std::string path = folder.write("longer", file);
    EXPECT_TRUE(throws(Code::data, "longer: expected", [&] { read_source(path, 2); }));
  }
}

// Some bits of a gzip file say nothing of the content (its time, the padding of the last byte); all others are noticed.
TEST(IdxTest, DamagedCompressedDataIsNeverGivenBack) {
  const TempFolder folder;
  const std::string file = gzip(images);
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const std::string path = folder.write("flipped", flipped);
    try {
      EXPECT_EQ(read_source(path, 2), counting(30)) << "bit " << bit;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::data) << error.what();
    }
  }
}

TEST(IdxTest, LyingSizesAreRefusedBeforeMemoryIsTaken) {
  const TempFolder folder;
  const std::uint32_t most = 0xffffffff;
  for (const std::vector<std::uint32_t>& sizes :
       {std::vector<std::uint32_t>{6, 2, 3}, {4, 2, 3}, {most}, {most, most}, {most, most, most, most}, {0, 2, 3}}) {
    for (const bool compressed : {false, true}) {
      const std::string file = idx_file(0x08, sizes, counting(30));
      const std::string path = folder.write("lying", compressed ? gzip(file) : file);
      EXPECT_TRUE(throws(Code::data, "lying: expected", [&] { read_source(path, 10); }));
    }
  }
  const std::string ranks = folder.write("ranks", idx_file(0x08, std::vector<std::uint32_t>(9, 1), "x"));
  EXPECT_TRUE(throws(Code::data, "at most 8 axes", [&] { open_data_source(ranks); }));
}

TEST(DataSourceTest, OtherFilesAreRefusedByTheirFirstBytes) {
  const TempFolder folder;
  EXPECT_TRUE(throws(Code::data, "an empty file", [&] { open_data_source(folder.write("x.npy", "")); }));
  EXPECT_TRUE(throws(Code::data, "bytes 50 4b 03 05", [&] { open_data_source(folder.write("x.npy", "PK\x03\x05")); }));
  EXPECT_TRUE(throws(Code::data, "an empty file", [&] { open_data_source(folder.write("x.gz", gzip(""))); }));
}

TEST(DataSourceTest, ABlockHoldsAtLeastOneSample) {
  const TempFolder folder;
  const auto source = open_data_source(folder.write("images", images));
  std::vector<std::byte> block(5);
  EXPECT_TRUE(throws(Code::usage, "at least 6 bytes", [&] { source->read(block); }));
  EXPECT_GE(source->make_block().size(), 6U);
}

}  // namespace
}  // namespace poise
