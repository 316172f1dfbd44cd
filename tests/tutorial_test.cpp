// The worked example of a published tutorial on batch normalization: arange(16) as (2, 2, 2, 2), statistics over
// axis 1.
//
// Channel 0 holds 0..3 and 8..11: mean 5.5, population variance 2*(30.25 + 20.25 + 12.25 + 6.25)/8 = 17.25. Channel 1
// is the same plus 4: mean 9.5. So y[0][0][0][0] = -5.5/sqrt(17.25 + 1e-5) = -1.324.

#include <poise/batch_norm.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "expect.h"

namespace poise::test {
namespace {

struct Tutorial : ::testing::Test {
  Tutorial() { std::iota(x.begin(), x.end(), 0.0F); }

  // One training step; the tutorial's weight of the old value is 0.9, Poise's momentum weighs the new one.
  void step() {
    batch_norm({y.data(), sizes}, {x.data(), sizes},
               {.running_mean = {running_mean.data(), {2}},
                .running_var = {running_var.data(), {2}},
                .running_divisor = Divisor::population,
                .momentum = 1 - 0.9},
               {.running_mean = {running_mean.data(), {2}}, .running_var = {running_var.data(), {2}}});
  }

  const Dims sizes{2, 2, 2, 2};
  std::vector<float> x = std::vector<float>(16), y = std::vector<float>(16);
  std::vector<double> running_mean{0, 0}, running_var{0, 0};
};

TEST_F(Tutorial, TheFirstValue) {
  step();
  EXPECT_NEAR(y[0], -1.324, 0.0005);
  EXPECT_NEAR(y[4], -1.324, 0.0005);  // channel 1 is channel 0 shifted
  EXPECT_NEAR(y[15], 1.324, 0.0005);
}

TEST_F(Tutorial, TheRunningMeanAfterOneStep) {
  step();
  EXPECT_NEAR(running_mean[0], 0.55, 1e-15);
  EXPECT_NEAR(running_mean[1], 0.95, 1e-15);
}

// After k steps the running mean lacks the share 0.9^k of the batch's. "Converged in 101 steps" is the tolerance 2.5e-5
// of the mean: 0.9^100 = 2.66e-5 is above it, 0.9^101 = 2.39e-5 below.
TEST_F(Tutorial, TheRunningMeanConvergesIn101Steps) {
  constexpr double tolerance = 2.5e-5;
  const auto converged = [&] {
    return std::fabs(running_mean[0] - 5.5) <= tolerance * 5.5 && std::fabs(running_mean[1] - 9.5) <= tolerance * 9.5;
  };
  int steps = 0;
  while (!converged() && steps < 1000) {
    step();
    ++steps;
    const double share = 1 - std::pow(0.9, steps);
    // Each step rounds two products and a sum: at most 3 half ulps of at
    // most 9.5, and later steps only damp them.
    ASSERT_NEAR(running_mean[0], 5.5 * share, 30 * 9.5 * 0x1p-53);
    ASSERT_NEAR(running_mean[1], 9.5 * share, 30 * 9.5 * 0x1p-53);
  }
  EXPECT_EQ(steps, 101);
}

// With e = 0.9^101: the mean is off by 5.5e and the variance by 17.25e, so for |x - mean| <= 5.5 y moves by at
// most 5.5e/sqrt(17.25) + 1.324*(e/2)(1 + e) (channel 1: 9.5e/sqrt(17.25)): 7.05e-5 in all, four decimals.
TEST_F(Tutorial, ThenEvaluationAgreesWithTraining) {
  for (int i = 0; i < 101; ++i) step();
  std::vector<float> evaluated(16);
  batch_norm({evaluated.data(), sizes}, {x.data(), sizes},
             {.mode = BatchNormMode::evaluation,
              .running_mean = {running_mean.data(), {2}},
              .running_var = {running_var.data(), {2}}});
  const double e = std::pow(0.9, 101);
  const double bound = 9.5 * e / std::sqrt(17.25) + 1.3243 * e / 2 * (1 + e) + 2 * 6 * 0x1p-24 * 1.325;
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(evaluated[i], y[i], bound) << i;
  EXPECT_NEAR(evaluated[0], -1.324, 0.0005);
}

}  // namespace
}  // namespace poise::test
