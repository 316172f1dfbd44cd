// Drift between two data sets: every distance by hand.

#include "data/drift.h"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/scan.h"
#include "io/npy.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;
using test::throws;

template <class T>
StatisticsFile statistics_of(const std::vector<T>& values, std::int64_t channels, DType dtype) {
  const TempFolder folder;
  const Dims sizes{static_cast<std::int64_t>(values.size()) / channels, channels};
  write_npy(folder / "x.npy", ConstTensorView(values.data(), dtype, sizes), false);
  const auto source = open_data_source(folder / "x.npy");
  return scan(*source, {1, {}});
}

StatisticsFile bytes(const std::vector<std::uint8_t>& values, std::int64_t channels = 1) {
  return statistics_of(values, channels, DType::u8);
}
StatisticsFile floats(const std::vector<float>& values) { return statistics_of(values, 1, DType::f32); }

TEST(DriftTest, OfTheSameDataIsNone) {
  const StatisticsFile a = bytes({0, 9, 200, 255, 7, 7}, 2);
  const auto channels = drift(a, a);
  ASSERT_EQ(channels.size(), 2U);
  for (const ChannelDrift& channel : channels) {
    EXPECT_EQ(channel.shift, 0);
    EXPECT_EQ(channel.ratio, 1);
    EXPECT_EQ(channel.gap, 0.0);
    EXPECT_EQ(channel.distance(), 0);
  }
}

// a: mean 10, std 2. b: mean 13, std 6. Of a half is at most 8, all at most 12; of b half is at most 7.
TEST(DriftTest, IsInUnitsOfTheFirstDeviation) {
  const auto channels = drift(bytes({8, 12, 8, 12}), bytes({7, 19}));
  ASSERT_EQ(channels.size(), 1U);
  EXPECT_DOUBLE_EQ(channels[0].shift, 1.5);
  EXPECT_DOUBLE_EQ(channels[0].ratio, 3);
  EXPECT_DOUBLE_EQ(channels[0].gap.value(), 0.5);
  EXPECT_DOUBLE_EQ(channels[0].distance(), 1.5);
  const auto back = drift(bytes({7, 19}), bytes({8, 12, 8, 12}));
  EXPECT_DOUBLE_EQ(back[0].shift, 0.5);
  EXPECT_DOUBLE_EQ(back[0].distance(), std::log(3));
}

// Mean and deviation agree, the values do not: only the shares tell.
TEST(DriftTest, TheGapSeesWhatMeanAndDeviationDoNot) {
  const auto channels = drift(bytes({10, 30, 10, 30, 10, 30, 10, 30}), bytes({0, 20, 20, 20, 20, 20, 20, 40}));
  EXPECT_EQ(channels[0].shift, 0);
  EXPECT_DOUBLE_EQ(channels[0].ratio, 1);
  EXPECT_DOUBLE_EQ(channels[0].gap.value(), 0.375);
}

TEST(DriftTest, OfFloatsHasNoGap) {
  const auto channels = drift(floats({-1, 1}), floats({-1, 3}));
  EXPECT_DOUBLE_EQ(channels[0].shift, 1);
  EXPECT_DOUBLE_EQ(channels[0].ratio, 2);
  EXPECT_FALSE(channels[0].gap.has_value());
}

TEST(DriftTest, OfConstantAndOfNoValues) {
  EXPECT_EQ(drift(bytes({5, 5}), bytes({5, 5, 5}))[0].distance(), 0);
  EXPECT_TRUE(std::isinf(drift(bytes({5, 5}), bytes({6, 6}))[0].distance()));
  EXPECT_TRUE(std::isinf(drift(bytes({5, 5}), bytes({4, 6}))[0].distance()));
  EXPECT_TRUE(std::isinf(drift(bytes({4, 6}), bytes({5, 5}))[0].distance()));
  EXPECT_TRUE(std::isinf(drift(floats({NAN}), floats({1, 2}))[0].distance()));
  EXPECT_EQ(drift(floats({NAN}), floats({NAN}))[0].distance(), 0);
}

TEST(DriftTest, CountsSamplesInBoth) {
  StatisticsFile a = bytes({1, 2}), b = a;
  EXPECT_EQ(samples_in_both(a, b), std::nullopt);
  const auto hash = [](int i) { return Fingerprint::parse_digits(fmt::format("{:032x}", i)); };
  a.samples = {hash(1), hash(3), hash(5), hash(9)};
  EXPECT_EQ(samples_in_both(a, b), std::nullopt);
  b.samples = {hash(2), hash(3), hash(3), hash(9), hash(12)};
  EXPECT_EQ(samples_in_both(a, b), 3U);
  EXPECT_EQ(samples_in_both(b, a), 2U);
}

TEST(DriftTest, RefusesOtherChannelsAndUnits) {
  EXPECT_TRUE(throws(Code::shape, "[check] x.npy: expected 1 channels like x.npy, got 2", [] {
    drift(bytes({1, 2}), bytes({1, 2}, 2));
  }));
  EXPECT_TRUE(throws(Code::refused, "[check] x.npy: expected integer data like x.npy, got", [] {
    drift(bytes({1, 2}), floats({1, 2}));
  }));
}

}  // namespace
}  // namespace poise
