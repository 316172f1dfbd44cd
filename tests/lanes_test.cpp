// The loops over lanes and cells, of every instruction set of this machine.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/sums.h"
#include "kernels/lanes.h"

namespace poise {
namespace {

const std::int64_t each_of[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 49};
constexpr std::int64_t cells = 3;

class Lanes : public testing::TestWithParam<Target> {
 protected:
  void SetUp() override {
    if (!target_available(GetParam())) GTEST_SKIP() << "this machine has no " << name_of(GetParam());
  }
  const LaneKernels& kernels() const { return lane_kernels_for(GetParam()); }
};

template <class T>
void spreads(const LaneKernels& kernels) {
  const T values[cells] = {T(1.5), T(-2), T(7)};
  for (const std::int64_t each : each_of) {
    std::vector<T> to(static_cast<std::size_t>(cells * each + 1), T(-9));
    kernels.spread(values, cells, each, to.data());
    for (std::int64_t i = 0; i < cells * each; ++i)
      EXPECT_EQ(to[static_cast<std::size_t>(i)], values[i / each]) << each << " at " << i;
    EXPECT_EQ(to.back(), T(-9)) << each;
  }
}

TEST_P(Lanes, SpreadWritesEveryLaneAndNothingBehind) {
  spreads<float>(kernels());
  spreads<double>(kernels());
}

// Values whose sum depends on the order, so that another one shows.
TEST_P(Lanes, SumsAddEveryFourthSideBySide) {
  for (const std::int64_t each : each_of) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < cells * each; ++i)
      values.push_back(std::sin(static_cast<double>(i)) * std::pow(10.0, static_cast<double>(i % 9)));
    double to[cells] = {};
    kernels().sums(values.data(), cells, each, to);
    for (std::int64_t c = 0; c < cells; ++c) {
      double parts[4] = {};
      for (std::int64_t j = 0; j < each; ++j) parts[j % 4] += values[static_cast<std::size_t>(c * each + j)];
      EXPECT_EQ(to[c], (parts[0] + parts[1]) + (parts[2] + parts[3])) << each;
    }
  }
}

TEST_P(Lanes, AccumulateAddsToEachAndNothingBehind) {
  for (const std::int64_t count : each_of) {
    std::vector<double> from, to, expected;
    for (std::int64_t i = 0; i <= count; ++i) {
      const auto v = static_cast<double>(i);
      from.push_back(std::sin(v));
      to.push_back(std::cos(v) / 3);
      expected.push_back(i < count ? to.back() + from.back() : to.back());
    }
    kernels().accumulate(from.data(), count, to.data());
    EXPECT_EQ(to, expected) << count;
  }
}

TEST_P(Lanes, MomentsAreTheSameAsOneByOne) {
  const double pivot[cells] = {1e5, -3, 0}, s[cells] = {12.25, 0, 0.1}, q[cells] = {1e3, 0, 1.0 / 300};
  Measured measured[cells];
  kernels().moments({pivot, s, q, 7, cells, measured});
  for (std::int64_t c = 0; c < cells; ++c) {
    const Measured one = measured_of(Statistic::moments, 7, pivot[c], {s[c], q[c]});
    EXPECT_EQ(measured[c].count, 7);
    EXPECT_EQ(measured[c].mean, one.mean);
    EXPECT_EQ(measured[c].mean_lo, one.mean_lo);
    EXPECT_EQ(measured[c].m2, one.m2);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, Lanes,
                         testing::Values(Target::scalar, Target::sse4, Target::avx2, Target::avx512),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace poise
