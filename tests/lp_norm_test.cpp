// Lp norm: every exponent, zeros, extreme values.

#include <poise/lp_norm.h>

#include <cmath>
#include <vector>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "lp_norm";
const Dims shape{6, 5, 3, 3};

TEST(LpNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "p=1:axes=1", "p=3", "p=inf:axes=2,3", "eps=100"})
    expect_right_everywhere(name, variant, shape);
}

TEST(LpNorm, GradientsAreTheDerivative) {
  for (const char* variant : {"", "p=1:axes=1", "p=3", "p=inf", "eps=100"}) expect_gradients(name, variant, {3, 4, 5});
}

TEST(LpNorm, PublishedValuesAndZeros) {
  const TestTensor x(DType::f32, array_of({3, 2}, {3, 4, 0, 0, -6, 8}, DType::f32));
  TestTensor y(DType::f32, Dims{3, 2}), norm(DType::f64, Dims{3});
  lp_norm(y, x, {}, {norm});
  EXPECT_EQ(norm.read().values, (std::vector<Real>{5, 0, 10}));
  EXPECT_EQ(y.read()[2], 0);
  EXPECT_EQ(y.read()[4], rounded(-0.6L, DType::f32));
  lp_norm(y, x, {.p = 1}, {norm});
  EXPECT_EQ(norm.read().values, (std::vector<Real>{7, 0, 14}));
}

TEST(LpNorm, NeitherOverflowsNorUnderflows) {
  for (const float v : {3e38F, 1e-44F}) {
    const TestTensor x(DType::f32, Array(Dims{1, 4}, static_cast<Real>(v)));
    TestTensor y(DType::f32, Dims{1, 4});
    lp_norm(y, x);
    EXPECT_EQ(y.read().values, (std::vector<Real>{0.5, 0.5, 0.5, 0.5}));
  }
}

TEST(LpNorm, RefusesWhatDoesNotFit) {
  const auto refused = [](Code code, const char* text, const LpNormOptions& o) {
    expect_refused(name, code, text, shape, [&](TensorView y, ConstTensorView x) { lp_norm(y, x, o); });
  };
  refused(Code::usage, "p: expected a number of at least 1, got 0.5", {.p = 0.5});
  refused(Code::usage, "axes: expected at least one reduced axis, got none", {.axes = {}});
}

}  // namespace
}  // namespace poise::test
