// Mean-variance normalization: ONNX's formula and defaults.

#include <poise/mean_variance_norm.h>

#include <cmath>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "mean_variance_norm";
const Dims shape{5, 6, 7, 3};

TEST(MeanVarianceNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "axes=1", "axes=0,-1:eps=0.3:eps_place=floor", "axes=1,2,3:divisor=sample",
                              "axes=0,1,2,3", "normalize_variance=false"}) {
    expect_right_everywhere(name, variant, shape);
  }
}

TEST(MeanVarianceNorm, GradientsAreTheDerivative) {
  expect_gradients(name, "", {3, 2, 4, 2});
  expect_gradients(name, "axes=1:eps=0.2:eps_place=inside:divisor=sample", {3, 4, 2});
  expect_gradients(name, "axes=0,2:normalize_variance=false", {3, 4, 2});
}

// (x - mean) / (sqrt(mean of x^2 - mean^2) + 1e-9), axes 0, 2, 3.
TEST(MeanVarianceNorm, TheDefaultsAreOnnxs) {
  const TestTensor x(DType::f64, array_of({2, 2, 1, 1}, {1, 10, 5, 30}));
  TestTensor y(DType::f64, Dims{2, 2, 1, 1}), mean(DType::f64, Dims{2}), rstd(DType::f64, Dims{2});
  mean_variance_norm(y, x, {}, {mean, rstd});
  EXPECT_EQ(mean.read().values, (std::vector<Real>{3, 20}));
  EXPECT_EQ(rstd.read().values, (std::vector<Real>{1 / (2 + 1e-9), 1 / (10 + 1e-9)}));
  for (const Real v : y.read().values) EXPECT_NEAR(static_cast<double>(std::fabs(v)), 1, 1e-9);
}

TEST(MeanVarianceNorm, WithoutTheVarianceOnlyTheMeanIsTakenAway) {
  const TestTensor x(DType::f32, array_of({4}, {1, 2, 3, 6}, DType::f32));
  TestTensor y(DType::f32, Dims{4}), rstd(DType::f64, Dims{});
  mean_variance_norm(y, x, {.axes = {0}, .normalize_variance = false}, {.rstd = rstd});
  EXPECT_EQ(y.read().values, (std::vector<Real>{-2, -1, 0, 3}));
  EXPECT_EQ(rstd.read().values, (std::vector<Real>{1}));
}

TEST(MeanVarianceNorm, OneValueACellGivesZero) {
  const TestTensor x(DType::f32, random_values({4, 6, 1}, DType::f32, 1));
  TestTensor y(DType::f32, Dims{4, 6, 1});
  mean_variance_norm(y, x, {.axes = {2}});
  EXPECT_TRUE(all_equal(y.read(), 0));
}

TEST(MeanVarianceNorm, RefusesWhatDoesNotFit) {
  const auto refused = [](Code code, const char* text, const MeanVarianceNormOptions& o, const Dims& sizes = shape) {
    expect_refused(name, code, text, sizes, [&](TensorView y, ConstTensorView x) { mean_variance_norm(y, x, o); });
  };
  refused(Code::shape, "axes: expected an axis of rank 3, got 3", {}, {4, 5, 6});
  refused(Code::shape, "axes: expected axes without repeats, got -3 twice", {.axes = {1, -3}});
  refused(Code::usage, "axes: expected at least one reduced axis, got none", {.axes = {}});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
  refused(Code::shape, "divisor: expected population where a cell has one value, got sample",
          {.axes = {2}, .divisor = Divisor::sample}, {4, 5, 1});
}

TEST(MeanVarianceNorm, HasNoGradientsOfOperands) {
  const TestTensor x(DType::f32, random_values(shape, DType::f32, 1));
  TestTensor dx(DType::f32, shape), dgamma(DType::f32, Dims{6});
  EXPECT_REFUSES(Code::usage, "[mean_variance_norm] dgamma: expected none, as there is no gamma, got one",
                 mean_variance_norm_backward({.dx = dx, .dgamma = dgamma}, x, x));
  EXPECT_REFUSES(Code::usage, "[mean_variance_norm] dbeta: expected none, as there is no beta, got one",
                 mean_variance_norm_backward({.dx = dx, .dbeta = dgamma}, x, x));
}

}  // namespace
}  // namespace poise::test
