// 16-bit integers, which data has and no technique computes with: read, counted, applied, and back.

#include "io/value_type.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "data/invert.h"
#include "data/scan.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;
using test::throws;

// (23, 3, 5, 7), both ends of the range among them, each channel with a range of its own.
const Dims sizes = {23, 3, 5, 7};
std::vector<std::uint16_t> values() {
  std::vector<std::uint16_t> x(static_cast<std::size_t>(sizes.product()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t channel = i / 35 % 3;
    x[i] = static_cast<std::uint16_t>((i * 40503 % 65536) >> (channel * 3));
  }
  x[0] = 0;
  x[1] = 65535;
  return x;
}

void write(const std::string& path, const Dims& shape, std::vector<std::uint16_t> x, bool big_endian) {
  std::string header = npy_header(ValueType::u16(), shape);
  if (big_endian) {
    header.replace(header.find("<u2"), 3, ">u2");
    for (std::uint16_t& value : x) value = static_cast<std::uint16_t>(value << 8 | value >> 8);
  }
  AtomicFile file(path, true);
  file.write(std::as_bytes(std::span(header)));
  file.write(std::as_bytes(std::span(x)));
  file.commit();
}

TEST(ValueType, SixteenBitStatisticsAreThoseOfEachChannel) {
  const TempFolder folder;
  const std::vector<std::uint16_t> x = values();
  for (const bool big_endian : {false, true}) {
    write(folder / "x.npy", sizes, x, big_endian);
    const StatisticsFile file = scan(*open_data_source(folder / "x.npy"), {.channel_axis = 1});
    ASSERT_EQ(file.statistics.dtype(), ValueType::u16());
    for (std::size_t c = 0; c < 3; ++c) {
      long double sum = 0, squares = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (i / 35 % 3 == c) sum += x[i], squares += static_cast<long double>(x[i]) * x[i];
      }
      const long double n = 23 * 35, mean = sum / n;
      const ChannelSummary summary = file.statistics.summary(static_cast<std::int64_t>(c));
      // Exact sums: the quotient and the root are all that is rounded.
      EXPECT_DOUBLE_EQ(summary.mean, static_cast<double>(mean));
      EXPECT_DOUBLE_EQ(summary.std, static_cast<double>(std::sqrt(squares / n - mean * mean)));
    }
  }
}

TEST(ValueType, SixteenBitSamplesAsChannels) {
  const TempFolder folder;
  const std::vector<std::uint16_t> x = values();
  write(folder / "x.npy", sizes, x, false);
  const StatisticsFile file = scan(*open_data_source(folder / "x.npy"), {.channel_axis = 0});
  ASSERT_EQ(file.statistics.channels(), 23);
  for (std::size_t s = 0; s < 23; ++s) {
    double sum = 0;
    for (std::size_t i = 0; i < 105; ++i) sum += x[s * 105 + i];
    EXPECT_DOUBLE_EQ(file.statistics.summary(static_cast<std::int64_t>(s)).mean, sum / 105);
  }
}

// y errs by at most 6 u |y| and its inverse by 6 u of the largest magnitude more: far less than half a step.
TEST(ValueType, AppliedAndInvertedEveryValueComesBack) {
  const TempFolder folder;
  const std::vector<std::uint16_t> x = values();
  write(folder / "x.npy", sizes, x, false);
  const SourceInfo info = open_data_source(folder / "x.npy")->info();
  const StatisticsFile file = scan(*open_data_source(folder / "x.npy"), {.channel_axis = 1});
  for (const Method method : {Method::zscore, Method::minmax, Method::symmetric}) {
    for (const DType type : {DType::f32, DType::f64}) {
      const Scaling scaling = scaling_of(file, method, info, 1);
      Context context;
      NpyWriter y(folder / "y.npy", type, sizes, true);
      apply(*open_data_source(folder / "x.npy"), scaling, 1, type, y, context);
      y.commit();
      NpyWriter back(folder / "back.npy", ValueType::u16(), sizes, true);
      invert(*open_data_source(folder / "y.npy"), scaling, 1, ValueType::u16(), back, context);
      back.commit();
      const auto source = open_data_source(folder / "back.npy");
      std::vector<std::byte> block(x.size() * 2);
      ASSERT_EQ(source->read(block), 23);
      EXPECT_EQ(std::memcmp(block.data(), x.data(), block.size()), 0) << static_cast<int>(method) << name_of(type);
    }
  }
}

TEST(ValueType, NoTensorHoldsSixteenBits) {
  const TempFolder folder;
  write(folder / "x.npy", sizes, values(), false);
  EXPECT_TRUE(throws(Code::data, "expected values to compute with, got 16-bit integers",
                     [&] { (void)read_npy(folder / "x.npy"); }));
}

TEST(ValueType, CountsOfManyChannelsAreRefused) {
  const TempFolder folder;
  write(folder / "wide.npy", {23, 105}, values(), false);
  EXPECT_TRUE(throws(Code::shape, "expected at most 64 channels of 16-bit data, got 105",
                     [&] { (void)scan(*open_data_source(folder / "wide.npy"), {.channel_axis = 1}); }));
}

}  // namespace
}  // namespace poise
