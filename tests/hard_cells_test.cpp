// Cells that show what a wrong statistic would hide elsewhere: a pivot as far out as a pivot can be, one NaN in a long
// run.

#include <gtest/gtest.h>
#include <poise/poise.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/plan.h"
#include "test_tensor.h"
#include "tolerance.h"

namespace poise::test {
namespace {

// The first element is the pivot. So far outside, (mean - pivot)^2 / var is n, and q - s^2/n about it loses a factor of
// n. About the mean found, sums in which no term is added more than k times lose at most k 2^-53 of themselves (Higham
// 2002, 4.2), three times over: in q, in s^2/n, and by at most 8 in their difference; rstd is a square root, which
// halves it.
void expect_measured_again(std::int64_t n, std::int64_t k) {
  std::vector<double> x(static_cast<std::size_t>(n)), y(x.size());
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0, 1);
  for (double& v : x) v = normal(random);
  x[0] = 1e8;
  long double mean = 0, m2 = 0;
  for (const double v : x) mean += v;
  mean /= static_cast<long double>(n);
  for (const double v : x) m2 += (v - mean) * (v - mean);
  const long double rstd = 1 / std::sqrt(m2 / static_cast<long double>(n));

  double found = 0;
  layer_norm({y.data(), {n}}, {x.data(), {n}}, {.eps = 0}, {.rstd = {&found, Dims{}}});
  const long double bound = 1.5L * static_cast<long double>(k) * std::numeric_limits<double>::epsilon() / 2;
  EXPECT_LE(std::abs(found / rstd - 1), bound) << n;
}

// Pieces are summed apart and then joined: k is a piece's length and the number of pieces.
TEST(HardCells, AFloat64CellWithABadPivotIsMeasuredAgain) {
  constexpr std::int64_t n = 3000017;
  expect_measured_again(n, segment + (n + segment - 1) / segment);
}

// Of one piece: an instruction set has at least two lanes, four sums of squares side by side, and adds up the eight.
TEST(HardCells, AFloat64CellOfOnePieceWithABadPivotIsMeasuredAgain) {
  if (active_target() == Target::scalar) GTEST_SKIP() << "the scalar loops add up one element after the other";
  constexpr std::int64_t n = 65521;
  static_assert(n <= segment);
  expect_measured_again(n, n / 8 + 8);
}

// Rows of 16 bits are summed in float32 blocks: each element by less than 36 roundings of u (tolerance.h). About the
// mean found, which is no float, they lose no more: of s as much as its terms are on average, of rstd half of q's.
TEST(HardCells, ARowOfSixteenBitsWithABadPivotIsMeasuredAgain) {
  constexpr std::int64_t n = 65521;
  for (const DType type : {DType::bf16, DType::f16}) {
    Array values = random_values({n}, type, 3, 1000, 8);
    values[0] = 0;
    const TestTensor x(type, values), y(type, {n});
    const Array stored = x.read();
    Real mean = 0, m2 = 0, distance = 0;
    for (const Real v : stored.values) mean += v / n;
    for (const Real v : stored.values) m2 += (v - mean) * (v - mean), distance += std::fabs(v - mean) / n;
    const Real rstd = 1 / std::sqrt(m2 / n);
    double found_mean = 0, found_rstd = 0;
    layer_norm(y, x, {.eps = 0}, {.mean = {&found_mean, Dims{}}, .rstd = {&found_rstd, Dims{}}});
    const Real growth = growth_of_sums(type, n);
    EXPECT_LE(std::fabs(found_mean - mean), growth * distance + w * mean) << name_of(type);
    EXPECT_LE(std::fabs(found_rstd / rstd - 1), growth / 2) << name_of(type);
  }
}

TEST(HardCells, OneNanInALongRunIsTheRangesToo) {
  constexpr std::int64_t n = 1003;
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{5}, n - 1}) {
    std::vector<float> x(2 * n, 1), y(2 * n);
    x[1] = 3;
    x[n + 1] = 3;
    x[static_cast<std::size_t>(at)] = std::numeric_limits<float>::quiet_NaN();
    double center[2] = {};
    minmax({y.data(), {1, 2, n}}, {x.data(), {1, 2, n}}, {}, {.center = {center, {2}}});
    EXPECT_TRUE(std::isnan(center[0])) << at;
    EXPECT_EQ(center[1], 1) << at;
    EXPECT_TRUE(std::isnan(y[7])) << at;
    EXPECT_EQ(y[n + 1], 1) << at;
  }
}

}  // namespace
}  // namespace poise::test
