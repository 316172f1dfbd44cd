// Clipping of weights.

#include <poise/lp_norm.h>

#include <cmath>
#include <vector>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "clip";
const Dims shape{6, 5, 3, 3};

TEST(Clip, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "low=-0.5:high=1.25"}) expect_right_everywhere(name, variant, shape);
}

TEST(Clip, KeepsNanAndTheGradientInsideAndAtTheLimits) {
  const TestTensor w(DType::f64, array_of({5}, {-2, -1, 0.5, 1, std::nan("")}));
  const TestTensor dy(DType::f64, array_of({5}, {1, 2, 3, 4, 5}));
  TestTensor y(DType::f64, Dims{5}), dx(DType::f64, Dims{5});
  clip(y, w);
  EXPECT_EQ(y.read()[0], -1);
  EXPECT_TRUE(std::isnan(y.read()[4]));
  clip_backward({.dx = dx}, dy, w);
  const auto got = dx.read().values;
  EXPECT_EQ((std::vector<Real>{got.begin(), got.begin() + 4}), (std::vector<Real>{0, 2, 3, 4}));
  EXPECT_TRUE(std::isnan(got[4]));
}

TEST(Clip, RefusesWhatDoesNotFit) {
  expect_refused(name, Code::usage, "low: expected at most high 1, got 2", shape,
                 [](TensorView y, ConstTensorView x) { clip(y, x, {.low = 2, .high = 1}); });
}

}  // namespace
}  // namespace poise::test
