// Moments, Power and Range: their values, and the laws that let one merge serve lanes, blocks, threads, files, ranks.

#include "core/moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/power.h"
#include "core/range.h"

namespace poise {
namespace {

constexpr double u = 0x1p-53;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class Statistic>
Statistic measured(const std::vector<double>& values, std::size_t begin, std::size_t end) {
  Statistic statistic;
  for (std::size_t i = begin; i < end; ++i) statistic.add(values[i]);
  return statistic;
}

template <class Statistic>
Statistic merged(Statistic a, const Statistic& b) {
  a.merge(b);
  return a;
}

struct Exact {
  long double mean = 0, m2 = 0, magnitude = 0;
};

Exact two_pass(const std::vector<double>& values) {
  Exact exact;
  for (const double x : values) exact.mean += static_cast<long double>(x) / static_cast<long double>(values.size());
  for (const double x : values) {
    const long double d = static_cast<long double>(x) - exact.mean;
    exact.m2 += d * d;
    exact.magnitude = std::max(exact.magnitude, std::abs(static_cast<long double>(x)));
  }
  return exact;
}

// The error of n elements, |x| <= M, added one by one and then merged along a tree of the given depth.
//
// mean: a step adds u M for the sum and 4 u M / k for the quotient, and shrinks what was there by 1 - 1/k, which makes
//   u M (n/2 + 5); a merge is a convex combination of two such errors plus 7 u M:   E = u M (n/2 + 5 + 7 depth).
// m2: with e_k the mean's error at step k, a term (x - mean')(x - mean) errs by |d| e_k + |d'| e_k-1 + e_k e_k-1 +
//   3 u d d', and sum d d' = m2, sum d^2 <= 2 m2, so by Cauchy-Schwarz 2 E sqrt(2 n m2) + n E^2 + 3 u m2; the additions
//   give n u m2. A level of merges errs by no more (again Cauchy-Schwarz over its merges) plus 7 u m2.
// Naive E[x^2] - E[x]^2 would err by about u n M^2, which at mean/std = 1e5 is far outside.
struct Bound {
  double mean, m2;

  Bound(const Exact& exact, std::size_t count, std::size_t depth) {
    const auto n = static_cast<double>(count);
    const auto levels = static_cast<double>(depth);
    const auto exact_m2 = static_cast<double>(exact.m2);
    mean = u * static_cast<double>(exact.magnitude) * (n / 2 + 5 + 7 * levels);
    m2 =
        (1 + levels) * (2 * mean * std::sqrt(2 * n * exact_m2) + n * mean * mean) + (n + 3 + 7 * levels) * u * exact_m2;
  }
};

void expect_within(const Moments& moments, const std::vector<double>& values, std::size_t depth) {
  const Exact exact = two_pass(values);
  const Bound bound(exact, values.size(), depth);
  EXPECT_EQ(moments.count, static_cast<std::int64_t>(values.size()));
  EXPECT_LE(std::abs(static_cast<double>(static_cast<long double>(moments.mean) - exact.mean)), bound.mean);
  EXPECT_LE(std::abs(static_cast<double>(static_cast<long double>(moments.m2) - exact.m2)), bound.m2);
}

struct Sample {
  std::string name;
  std::vector<double> values;
};

std::vector<Sample> samples() {
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  std::vector<Sample> all;
  const auto add = [&](const char* name, double mean, double deviation, int count) {
    Sample sample{name, {}};
    for (int i = 0; i < count; ++i) sample.values.push_back(mean + deviation * normal(random));
    all.push_back(sample);
  };
  add("centered", 0, 1, 1000);
  add("mean over std 1e5", 1e5, 1, 1000);
  add("mean over std -1e7", -1e7, 1, 777);
  add("large", 1e30, 1e29, 500);
  add("small", 1e-30, 1e-31, 500);
  add("few", 3, 2, 3);
  return all;
}

TEST(MomentsTest, KnownValues) {
  const Moments moments = measured<Moments>({1, 2, 3, 4}, 0, 4);
  EXPECT_EQ(moments.count, 4);
  EXPECT_EQ(moments.mean, 2.5);
  EXPECT_EQ(moments.m2, 5);
  EXPECT_EQ(moments.variance(Divisor::population), 1.25);
  EXPECT_EQ(moments.variance(Divisor::sample), 5.0 / 3);
}

TEST(MomentsTest, VarianceOfNoneIsZeroAndTheSampleVarianceOfOneIsNaN) {
  EXPECT_EQ(Moments().variance(Divisor::population), 0);
  EXPECT_EQ(Moments().variance(Divisor::sample), 0);
  const Moments one = measured<Moments>({7}, 0, 1);
  EXPECT_EQ(one.variance(Divisor::population), 0);
  EXPECT_TRUE(std::isnan(one.variance(Divisor::sample)));
}

TEST(MomentsTest, AddStaysWithinItsBound) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    expect_within(measured<Moments>(sample.values, 0, sample.values.size()), sample.values, 0);
  }
}

TEST(MomentsTest, AConstantHasNoDeviationHoweverItIsSplit) {
  const std::vector<double> values(100, 0.1);
  for (std::size_t cut = 0; cut <= values.size(); ++cut) {
    const Moments moments = merged(measured<Moments>(values, 0, cut), measured<Moments>(values, cut, values.size()));
    EXPECT_EQ(moments.mean, 0.1);
    EXPECT_EQ(moments.m2, 0);
  }
}

TEST(MomentsTest, AnEmptySideIsTheIdentityToTheBit) {
  const Moments some = measured<Moments>({0.1, -3, 1e9}, 0, 3);
  for (const Moments& moments : {merged(some, Moments()), merged(Moments(), some)}) {
    EXPECT_EQ(moments.count, some.count);
    EXPECT_EQ(moments.mean, some.mean);
    EXPECT_EQ(moments.m2, some.m2);
  }
  EXPECT_EQ(merged(Moments(), Moments()).count, 0);
  EXPECT_EQ(merged(some, Moments{0, nan, nan}).m2, some.m2) << "what an empty side holds does not enter";
}

TEST(MomentsTest, EveryCutInTwoStaysWithinTheBound) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const std::size_t n = sample.values.size();
    for (std::size_t cut = 0; cut <= n; cut += 1 + n / 50) {
      expect_within(merged(measured<Moments>(sample.values, 0, cut), measured<Moments>(sample.values, cut, n)),
                    sample.values, 1);
    }
  }
}

TEST(MomentsTest, MergingIsAssociativeWithinTheBound) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const std::size_t n = sample.values.size();
    const Moments a = measured<Moments>(sample.values, 0, n / 5);
    const Moments b = measured<Moments>(sample.values, n / 5, n / 2);
    const Moments c = measured<Moments>(sample.values, n / 2, n);
    expect_within(merged(merged(a, b), c), sample.values, 2);
    expect_within(merged(a, merged(b, c)), sample.values, 2);
    expect_within(merged(merged(c, a), b), sample.values, 2);
  }
}

// Pieces of random length, some empty, merged in a chain (depth: the pieces) and pairwise (depth: their logarithm).
TEST(MomentsTest, AnySplitStaysWithinTheBound) {
  std::mt19937 random(5);
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const std::size_t n = sample.values.size();
    for (const std::size_t longest : {std::size_t{1}, std::size_t{7}, n / 2 + 1}) {
      std::vector<Moments> pieces;
      for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
        end = std::min(n, begin + random() % (longest + 1));
        pieces.push_back(measured<Moments>(sample.values, begin, end));
      }
      Moments chain;
      for (const Moments& piece : pieces) chain.merge(piece);
      expect_within(chain, sample.values, pieces.size());
      std::size_t depth = 0;
      for (std::size_t step = 1; step < pieces.size(); step *= 2, ++depth) {
        for (std::size_t i = 0; i + step < pieces.size(); i += 2 * step) pieces[i].merge(pieces[i + step]);
      }
      expect_within(pieces[0], sample.values, depth);
    }
  }
}

TEST(MomentsTest, CountsBeyond32BitsMerge) {
  const std::int64_t half = std::int64_t{3} << 33;
  const Moments whole = merged(Moments{half, -1, 0}, Moments{half, 1, 0});
  EXPECT_EQ(whole.count, 2 * half);
  EXPECT_EQ(whole.mean, 0);
  EXPECT_EQ(whole.m2, static_cast<double>(2 * half)) << "all elements lie 1 from the mean";
}

TEST(MomentsTest, NaNAndInfinityPropagate) {
  for (const double bad : {nan, infinity, -infinity}) {
    const Moments moments = merged(measured<Moments>({1, 2}, 0, 2), measured<Moments>({3, bad}, 0, 2));
    EXPECT_FALSE(std::isfinite(moments.mean));
    EXPECT_TRUE(std::isnan(moments.variance(Divisor::population)));
  }
}

TEST(PowerTest, KnownValuesAndIdentity) {
  const Power power = measured<Power>({3, -4}, 0, 2);
  EXPECT_EQ(power.sum_squares, 25);
  EXPECT_EQ(power.mean_square(), 12.5);
  EXPECT_EQ(Power().mean_square(), 0);
  EXPECT_EQ(merged(power, Power()).sum_squares, 25);
  EXPECT_EQ(merged(Power(), power).count, 2);
}

// n squares and n additions of non-negative numbers, in any order: relative error at most (n + 1) u.
TEST(PowerTest, AnyCutStaysWithinTheBound) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.name);
    const std::size_t n = sample.values.size();
    long double exact = 0;
    for (const double x : sample.values) exact += static_cast<long double>(x) * static_cast<long double>(x);
    for (std::size_t cut = 0; cut <= n; cut += 1 + n / 20) {
      const Power power = merged(measured<Power>(sample.values, 0, cut), measured<Power>(sample.values, cut, n));
      EXPECT_EQ(power.count, static_cast<std::int64_t>(n));
      EXPECT_LE(std::abs(static_cast<double>(static_cast<long double>(power.sum_squares) - exact)),
                static_cast<double>(n + 1) * u * static_cast<double>(exact));
    }
  }
}

TEST(RangeTest, EveryCutGivesTheSame) {
  const std::vector<double> values = {3, -1, 4, -1.5, 9, 2.5};
  for (std::size_t cut = 0; cut <= values.size(); ++cut) {
    const Range range = merged(measured<Range>(values, 0, cut), measured<Range>(values, cut, values.size()));
    EXPECT_EQ(range.min, -1.5);
    EXPECT_EQ(range.max, 9);
  }
  EXPECT_TRUE(Range().empty());
  EXPECT_TRUE(merged(Range(), Range()).empty());
  EXPECT_FALSE(measured<Range>({0}, 0, 1).empty());
}

TEST(RangeTest, NaNSticksWhereverItStands) {
  for (std::size_t place = 0; place < 4; ++place) {
    std::vector<double> values = {1, -2, 3, 0};
    values[place] = nan;
    for (std::size_t cut = 0; cut <= values.size(); ++cut) {
      const Range range = merged(measured<Range>(values, 0, cut), measured<Range>(values, cut, values.size()));
      EXPECT_TRUE(std::isnan(range.min));
      EXPECT_TRUE(std::isnan(range.max));
      EXPECT_FALSE(range.empty());
    }
  }
}

}  // namespace
}  // namespace poise
