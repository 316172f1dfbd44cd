// Histogram: exact counts, whatever the order and split, and what follows from them.

#include "core/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace poise {
namespace {

constexpr double u = 0x1p-53;

std::vector<std::uint8_t> random_bytes(std::size_t count) {
  std::mt19937 random(6);
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 24);
  return bytes;
}

Histogram histogram_of(std::span<const std::uint8_t> values) {
  Histogram histogram;
  histogram.add(values);
  return histogram;
}

TEST(HistogramTest, CountsEveryLengthLikeTheNaiveLoop) {
  const std::vector<std::uint8_t> bytes = random_bytes(70);
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    std::array<std::uint64_t, 256> expected{};
    for (std::size_t i = 0; i < length; ++i) ++expected[bytes[i]];
    EXPECT_EQ(histogram_of(std::span(bytes).first(length)).counts, expected) << length;
  }
}

TEST(HistogramTest, AnySplitInAnyOrderIsExactlyTheWhole) {
  const std::vector<std::uint8_t> bytes = random_bytes(1000);
  const Histogram whole = histogram_of(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 37) {
    const Histogram head = histogram_of(std::span(bytes).first(cut));
    const Histogram tail = histogram_of(std::span(bytes).subspan(cut));
    Histogram forward = head;
    forward.merge(tail);
    Histogram backward = tail;
    backward.merge(head);
    Histogram grown = head;
    grown.add(std::span(bytes).subspan(cut));
    EXPECT_EQ(forward.counts, whole.counts);
    EXPECT_EQ(backward.counts, whole.counts);
    EXPECT_EQ(grown.counts, whole.counts);
  }
  Histogram same = whole;
  same.merge(Histogram());
  EXPECT_EQ(same.counts, whole.counts);
}

TEST(HistogramTest, SumsAreIntegers) {
  const Histogram histogram = histogram_of(std::vector<std::uint8_t>{0, 255, 255, 3});
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(static_cast<std::uint64_t>(histogram.sum()), 513U);
  EXPECT_EQ(static_cast<std::uint64_t>(histogram.sum_squares()), 2U * 65025 + 9);
}

// Where an exact integer n * sum_squares - sum^2 fits long double's 64 bits, m2 is that over n: the code may differ by
// the roundings of one quotient and one sum, and never loses a digit to cancellation.
TEST(HistogramTest, MomentsAreExactToRounding) {
  for (const std::size_t length : {1U, 2U, 3U, 10U, 1000U, 30000U}) {
    const Histogram histogram = histogram_of(random_bytes(length));
    const Moments moments = histogram.moments();
    const auto n = static_cast<long double>(length);
    const auto sum = static_cast<long double>(histogram.sum());
    const uint128 numerator = histogram.count() * histogram.sum_squares() - histogram.sum() * histogram.sum();
    ASSERT_LT(static_cast<long double>(numerator), 0x1p63L);
    const long double m2 = static_cast<long double>(numerator) / n;
    EXPECT_EQ(moments.count, static_cast<std::int64_t>(length));
    EXPECT_EQ(moments.mean, static_cast<double>(sum / n));
    EXPECT_LE(std::abs(static_cast<double>(static_cast<long double>(moments.m2) - m2)),
              2 * u * static_cast<double>(m2));
  }
}

TEST(HistogramTest, MomentsKeepTheirDigitsWhereOneElementInABillionDiffers) {
  Histogram histogram;
  histogram.counts[254] = 1;
  histogram.counts[255] = 999'999'999;
  // One element differs by 1 among n: m2 = 1 - 1/n, mean = 255 - 1/n.
  EXPECT_EQ(histogram.moments().m2, 1 - 1e-9);
  EXPECT_EQ(histogram.moments().mean, 255 - 1e-9);
}

TEST(HistogramTest, MomentsOfCountsThatFill64BitsDoNotOverflow) {
  Histogram histogram;
  histogram.counts[0] = std::uint64_t{1} << 62;
  histogram.counts[255] = std::uint64_t{1} << 62;
  EXPECT_EQ(histogram.moments().mean, 127.5);
  EXPECT_EQ(histogram.moments().m2, 0x1p63 * 127.5 * 127.5);
}

TEST(HistogramTest, AConstantHasNoDeviation) {
  Histogram histogram;
  histogram.counts[77] = 12'345'678'901;
  EXPECT_EQ(histogram.moments().mean, 77);
  EXPECT_EQ(histogram.moments().m2, 0);
}

TEST(HistogramTest, NoElementsHaveNoRangeAndZeroMoments) {
  const Histogram none;
  EXPECT_EQ(none.moments().count, 0);
  EXPECT_EQ(none.moments().mean, 0);
  EXPECT_GT(none.min(), none.max());
  EXPECT_EQ(none.quantile(0.5), 0);
  EXPECT_EQ(none.share(0), 0);
}

TEST(HistogramTest, RangeAndShares) {
  const Histogram histogram = histogram_of(std::vector<std::uint8_t>{7, 9, 9, 200});
  EXPECT_EQ(histogram.min(), 7);
  EXPECT_EQ(histogram.max(), 200);
  EXPECT_EQ(histogram.share(9), 0.5);
  EXPECT_EQ(histogram.share(8), 0);
  const Histogram edges = histogram_of(std::vector<std::uint8_t>{0, 255});
  EXPECT_EQ(edges.min(), 0);
  EXPECT_EQ(edges.max(), 255);
}

TEST(HistogramTest, QuantileIsTheSmallestValueWithItsShare) {
  const Histogram histogram = histogram_of(std::vector<std::uint8_t>{10, 20, 30, 40, 50, 60, 70, 80, 90, 100});
  EXPECT_EQ(histogram.quantile(0), 10);
  EXPECT_EQ(histogram.quantile(0.1), 10);
  EXPECT_EQ(histogram.quantile(0.11), 20);
  EXPECT_EQ(histogram.quantile(0.3), 30) << "3 of 10 is 0.3, to the bit";
  EXPECT_EQ(histogram.quantile(0.5), 50) << "the lower median";
  EXPECT_EQ(histogram.quantile(0.95), 100);
  EXPECT_EQ(histogram.quantile(1), 100);
}

}  // namespace
}  // namespace poise
