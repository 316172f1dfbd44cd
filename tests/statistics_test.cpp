// Data-set statistics: exact for 8-bit data, within the derived bound for floats, and the same for every way to cut the
// data into pieces. The known answer on Fashion-MNIST.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

#include "data/scan.h"

#include <gtest/gtest.h>

#include "data/measure.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;
using test::throws;

constexpr double u = 0x1p-53;

template <class T>
Statistics measure(const std::vector<T>& values, const ChannelLayout& layout, std::size_t piece) {
  const auto measure = make_measure(DTypeOf<T>::value, layout);
  const std::span<const T> all(values);
  for (std::size_t at = 0; at < all.size(); at += piece) {
    measure->add(std::as_bytes(all.subspan(at, std::min(piece, all.size() - at))));
  }
  return measure->finish();
}

// The values of a channel, by the definition of the layout.
template <class T>
std::vector<T> channel_values(const std::vector<T>& values, const ChannelLayout& layout, std::int64_t channel) {
  std::vector<T> own;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (static_cast<std::int64_t>(k) / layout.inner % layout.channels == channel) own.push_back(values[k]);
  }
  return own;
}

// No channels, NCHW with 8 x 8 and with 40 x 40 positions, NHWC, (N, C), and samples as channels.
const std::vector<ChannelLayout> layouts = {{}, {3, 64}, {3, 1600}, {3, 1}, {7, 1}, {4, 1'000'000}};
constexpr std::size_t pieces[] = {1, 7, 4096, 100'000};

std::vector<std::uint8_t> random_bytes(std::size_t count) {
  std::mt19937 random(1);
  std::vector<std::uint8_t> values(count);
  for (auto& value : values) value = static_cast<std::uint8_t>(random() >> 24 & random() >> 24);
  return values;
}

TEST(StatisticsTest, EightBitCountsAreExactForEveryLayoutAndPiece) {
  const std::vector<std::uint8_t> values = random_bytes(50'001);
  for (const ChannelLayout& layout : layouts) {
    for (const std::size_t piece : pieces) {
      const Statistics statistics = measure(values, layout, piece);
      ASSERT_EQ(statistics.channels(), layout.channels);
      for (std::int64_t c = 0; c < layout.channels; ++c) {
        std::array<std::uint64_t, 256> counts{};
        for (const std::uint8_t value : channel_values(values, layout, c)) ++counts[value];
        EXPECT_EQ(statistics.histograms()[static_cast<std::size_t>(c)].counts, counts);
      }
    }
  }
}

TEST(StatisticsTest, EightBitSummaryAgreesWithIntegers) {
  const std::vector<std::uint8_t> values = random_bytes(50'001);
  const ChannelSummary summary = measure(values, {}, 4096).summary(0);
  __extension__ typedef __int128 Wide;  // NOLINT(modernize-use-using)
  Wide sum = 0, squares = 0;
  for (const std::uint8_t value : values) sum += value, squares += Wide{value} * value;
  const auto n = static_cast<Wide>(values.size());
  const auto spread = static_cast<long double>(n * squares - sum * sum);  // n^2 times the variance, exact
  const auto count = static_cast<long double>(n);
  EXPECT_EQ(summary.count, values.size());
  // One rounding of the mean; of the deviations m2 within 2, division, square root and the last rounding: 4 u.
  const auto near = [](double got, long double expected, double roundings) {
    return std::abs(static_cast<double>(got - expected)) <= roundings * u * static_cast<double>(expected);
  };
  EXPECT_TRUE(near(summary.mean, static_cast<long double>(sum) / count, 1));
  EXPECT_TRUE(near(summary.std, std::sqrt(spread) / count, 4));
  EXPECT_TRUE(near(*summary.std_sample, std::sqrt(spread / (count * (count - 1))), 4));
  EXPECT_EQ(*summary.min, *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(*summary.max, *std::max_element(values.begin(), values.end()));
}

TEST(StatisticsTest, OneValueHasNoSampleDeviation) {
  const ChannelSummary summary = measure<std::uint8_t>({7}, {}, 1).summary(0);
  EXPECT_EQ(summary.std, 0);
  EXPECT_FALSE(summary.std_sample.has_value());
}

// A block's sums hold at most 256 terms of size R, the range of the data: each rounding is at most u of a partial sum,
// so the block's mean errs by 257 u R, and its pivot and mean by 3 u (M + R), M the largest magnitude. Each of the k
// merges adds 4 u (M + R) at most.
double mean_bound(double count, double range, double magnitude) {
  return u * (257 * range + (3 + 4 * count / 256) * (magnitude + range));
}

// Relative error of m2. In a block 257 u of the sum of squares, which is at most 257 m2 (the pivot is a member); 8 u a
// merge; and an error e of the means enters twice, weighted by sum n |delta| <= sqrt(n m2) = n std.
double m2_bound(double count, double range, double magnitude, double std) {
  return u * (257 * 260 + 8 * count / 256) + 2 * mean_bound(count, range, magnitude) / std;
}

template <class T>
void expect_right(const std::vector<T>& values, const ChannelSummary& summary) {
  const auto count = static_cast<long double>(values.size());
  long double sum = 0, m2 = 0;
  for (const T value : values) sum += static_cast<long double>(value);
  const long double mean = sum / count;
  for (const T value : values)
    m2 += (static_cast<long double>(value) - mean) * (static_cast<long double>(value) - mean);
  const auto std = static_cast<double>(std::sqrt(m2 / count));
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  const double range = static_cast<double>(*max) - static_cast<double>(*min);
  const double magnitude = std::max(std::abs(static_cast<double>(*min)), std::abs(static_cast<double>(*max)));
  const auto n = static_cast<double>(count);
  EXPECT_EQ(summary.count, values.size());
  EXPECT_EQ(*summary.min, static_cast<double>(*min));
  EXPECT_EQ(*summary.max, static_cast<double>(*max));
  EXPECT_NEAR(summary.mean, static_cast<double>(mean), mean_bound(n, range, magnitude));
  EXPECT_NEAR(summary.std, std, std * m2_bound(n, range, magnitude, std));
}

template <class T>
std::vector<T> random_values(double mean, double std, std::size_t count) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal(mean, std);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(normal(random));
  return values;
}

TEST(StatisticsTest, FloatsAreWithinTheDerivedBound) {
  for (const double mean : {0.0, 1.0, 1e5, -1e5}) {
    const auto singles = random_values<float>(mean, 1, 50'001);
    const auto doubles = random_values<double>(mean, 1, 50'001);
    for (const ChannelLayout& layout : layouts) {
      const Statistics single = measure(singles, layout, 4096);
      const Statistics wide = measure(doubles, layout, 4096);
      const std::int64_t channels = layout.inner > 50'001 ? 1 : layout.channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        expect_right(channel_values(singles, layout, c), single.summary(c));
        expect_right(channel_values(doubles, layout, c), wide.summary(c));
      }
    }
  }
}

TEST(StatisticsTest, AnOutlierAsPivotCostsNoPrecision) {
  auto values = random_values<double>(0, 1, 1000);
  for (const std::size_t first : {0U, 256U, 512U}) values[first] = 1e9;
  expect_right(values, measure(values, {}, 100).summary(0));
}

TEST(StatisticsTest, AConstantHasNoDeviation) {
  const ChannelSummary summary = measure(std::vector<float>(10'000, 0.1F), {}, 77).summary(0);
  EXPECT_EQ(summary.mean, static_cast<double>(0.1F));
  EXPECT_EQ(summary.std, 0);
}

TEST(StatisticsTest, FloatsDoNotDependOnPieces) {
  const auto values = random_values<float>(3, 2, 50'001);
  for (const ChannelLayout& layout : layouts) {
    const Statistics whole = measure(values, layout, values.size());
    for (const std::size_t piece : pieces) {
      const Statistics cut = measure(values, layout, piece);
      for (std::size_t c = 0; c < static_cast<std::size_t>(layout.channels); ++c) {
        EXPECT_EQ(cut.floats()[c].moments.count, whole.floats()[c].moments.count);
        EXPECT_EQ(cut.floats()[c].moments.mean, whole.floats()[c].moments.mean);
        EXPECT_EQ(cut.floats()[c].moments.m2, whole.floats()[c].moments.m2);
      }
    }
  }
}

template <class T>
void expect_specials_left_out(T (*of)(float)) {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<T> values;
  for (const float value : {NAN, 2.0F, inf, -inf, 4.0F, -NAN, inf, 9.0F}) values.push_back(of(value));
  for (const std::size_t piece : {1U, 3U, 8U}) {
    const Statistics statistics = measure(values, {}, piece);
    const FloatChannel& channel = statistics.floats()[0];
    EXPECT_EQ(channel.nan, 2U);
    EXPECT_EQ(channel.positive_infinity, 2U);
    EXPECT_EQ(channel.negative_infinity, 1U);
    EXPECT_EQ(channel.moments.count, 3);
    EXPECT_EQ(channel.moments.mean, 5);
    EXPECT_EQ(channel.range.min, 2);
    EXPECT_EQ(channel.range.max, 9);
  }
}

TEST(StatisticsTest, NanAndInfinityAreCountedAndLeftOutInEveryType) {
  expect_specials_left_out<float>([](float x) { return x; });
  expect_specials_left_out<double>([](float x) { return double{x}; });
  expect_specials_left_out<float16>(to_float16);
  expect_specials_left_out<bfloat16>(to_bfloat16);
}

TEST(StatisticsTest, NothingButNanIsNoValue) {
  const ChannelSummary summary = measure(std::vector<float>(3, NAN), {}, 1).summary(0);
  EXPECT_EQ(summary.count, 0U);
  EXPECT_FALSE(summary.min.has_value());
}

TEST(StatisticsTest, ASpreadBeyondFloat64IsRefused) {
  EXPECT_TRUE(throws(Code::data, "spread that float64 can hold", [] {
    measure(std::vector<double>{1e200, -1e200}, {}, 2);
  }));
  const double most = std::numeric_limits<double>::max();
  EXPECT_TRUE(throws(Code::data, "spread", [&] { measure(std::vector<double>{most, -most, 0}, {}, 2); }));
  // The whole range of float32 fits.
  EXPECT_NO_THROW(
      measure(std::vector<float>{std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()}, {}, 2));
}

TEST(StatisticsTest, TwoHalvesMergeIntoTheWhole) {
  const std::vector<std::uint8_t> bytes = random_bytes(3000);
  Statistics merged = measure(std::vector(bytes.begin(), bytes.begin() + 1200), {3, 4}, 100);
  merged.merge(measure(std::vector(bytes.begin() + 1200, bytes.end()), {3, 4}, 100));
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(merged.histograms()[c].counts, measure(bytes, {3, 4}, 100).histograms()[c].counts);
  }
  auto values = random_values<float>(3, 2, 3000);
  values[5] = NAN;
  Statistics floats = measure(std::vector(values.begin(), values.begin() + 1200), {}, 100);
  floats.merge(measure(std::vector(values.begin() + 1200, values.end()), {}, 100));
  EXPECT_EQ(floats.floats()[0].nan, 1U);
  values.erase(values.begin() + 5);
  expect_right(values, floats.summary(0));
  EXPECT_TRUE(throws(Code::shape, "merge", [&] { merged.merge(floats); }));
  EXPECT_TRUE(throws(Code::shape, "3 channels of u8, got 1 of u8", [&] { merged.merge(Statistics(DType::u8, 1)); }));
}

TEST(ChannelLayoutTest, FollowsTheAxis) {
  const Dims shape = {5, 3, 4, 2};
  EXPECT_EQ(channel_layout(shape, -1).channels, 1);
  const std::int64_t inner[] = {24, 8, 2, 1};
  for (int axis = 0; axis < 4; ++axis) {
    EXPECT_EQ(channel_layout(shape, axis).channels, shape[axis]);
    EXPECT_EQ(channel_layout(shape, axis).inner, inner[axis]);
  }
  EXPECT_TRUE(throws(Code::usage, "shape 5x3x4x2 or none, got 4", [&] { channel_layout(shape, 4); }));
  EXPECT_TRUE(throws(Code::shape, "at most 65536", [] { channel_layout({2, 65'537}, 1); }));
}

// An IDX file of so many 2 x 3 images.
std::string images(std::uint8_t count) {
  std::string file("\0\0\x08\x03\0\0\0\0\0\0\0\x02\0\0\0\x03", 16);
  file[7] = static_cast<char>(count);
  for (int i = 0; i < 6 * count; ++i) file += static_cast<char>(i * 5);
  return file;
}

TEST(ScanTest, CountsSamplesAndKnowsWhereTheyCameFrom) {
  const TempFolder folder;
  const auto source = open_data_source(folder.write("images", images(40)));
  const StatisticsFile file = scan(*source, {-1, "train"});
  EXPECT_EQ(file.provenance.name, "images");
  EXPECT_EQ(file.provenance.seen, 40U);
  EXPECT_EQ(file.provenance.used, 40U);
  EXPECT_EQ(file.provenance.split, "train");
  EXPECT_EQ(file.statistics.summary(0).count, 240U);
}

TEST(ScanTest, TheFingerprintIsOfTheContentInAnyOrder) {
  const TempFolder folder;
  const std::string first = images(2);
  std::string turned = first.substr(0, 16) + first.substr(22) + first.substr(16, 6);
  const auto fingerprint = [&](const std::string& bytes) {
    return scan(*open_data_source(folder.write("x", bytes))).provenance.fingerprint;
  };
  EXPECT_EQ(fingerprint(first), fingerprint(turned));
  turned[16] ^= 1;
  EXPECT_NE(fingerprint(first), fingerprint(turned));
}

TEST(ScanTest, DataWithoutValuesIsRefused) {
  const TempFolder folder;
  const auto source = open_data_source(folder.write("images", images(0)));
  EXPECT_TRUE(throws(Code::data, "expected values, got shape 0x2x3", [&] { scan(*source); }));
}

TEST(ScanTest, AnUnknownSplitIsRefused) {
  const TempFolder folder;
  const auto source = open_data_source(folder.write("images", images(1)));
  EXPECT_TRUE(throws(Code::usage, "train, val or test, got 'dev'", [&] { scan(*source, {-1, "dev"}); }));
}

TEST(ScanTest, FashionMnistKnownAnswer) {
  const std::string path = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
  const StatisticsFile file = scan(*open_data_source(path));
  EXPECT_EQ(file.provenance.shape, Dims({60'000, 28, 28}));
  const ChannelSummary summary = file.statistics.summary(0);
  EXPECT_EQ(summary.count, 47'040'000U);
  // Published to ten digits.
  EXPECT_NEAR(summary.mean / file.scale(), 0.2860405970, 5e-11);
  EXPECT_NEAR(summary.std / file.scale(), 0.3530242445, 5e-11);
  EXPECT_NEAR(file.statistics.histograms()[0].share(0), 0.502, 5e-4);
}

}  // namespace
}  // namespace poise
