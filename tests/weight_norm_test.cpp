// Weight normalization: length and direction.

#include <poise/weight_norm.h>

#include <cmath>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "weight_norm";
const Dims shape{6, 5, 3, 3};

TEST(WeightNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "kept_axes=1", "kept_axes=3,0", "kept_axes=-1", "kept_axes=0,1,2,3"}) {
    expect_right_everywhere(name, variant, shape);
  }
}

TEST(WeightNorm, GradientsAreTheDerivative) {
  for (const char* variant : {"", "kept_axes=2,0", "kept_axes=-1"}) expect_gradients(name, variant, {3, 4, 2});
}

TEST(WeightNorm, ThreeFourFive) {
  const TestTensor v(DType::f64, array_of({2, 2}, {3, 4, -6, 8})), g(DType::f64, array_of({2}, {5, 2}));
  TestTensor y(DType::f64, Dims{2, 2}), norm(DType::f64, Dims{2});
  weight_norm(y, v, {.gamma = g}, {norm});
  EXPECT_EQ(norm.read().values, (std::vector<Real>{5, 10}));
  const std::vector<Real> expected{3, 4, -1.2L, 1.6L};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(static_cast<double>(y.read()[i]), static_cast<double>(expected[i]), 1e-15);
}

// The paper's initialization: g = ||v|| leaves v as it is.
TEST(WeightNorm, GOfTheNormGivesVBack) {
  const Array values = random_values(shape, DType::f64, 1);
  const TestTensor v(DType::f64, values);
  TestTensor y(DType::f64, shape), norm(DType::f64, Dims{6});
  weight_norm(y, v, {}, {norm});
  weight_norm(y, v, {.gamma = norm});
  const Array got = y.read();
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_LE(std::fabs(got[i] - values[i]), 6 * w * std::fabs(values[i]));
}

// The paper's section 2.1: dv is orthogonal to v.
TEST(WeightNorm, TheGradientIsOrthogonalToV) {
  const Array values = random_values({3, 50}, DType::f64, 2), dy = random_values({3, 50}, DType::f64, 3);
  TestTensor dx(DType::f64, Dims{3, 50});
  weight_norm_backward({.dx = dx}, TestTensor(DType::f64, dy), TestTensor(DType::f64, values));
  const Array got = dx.read();
  Real sum[3] = {}, size[3] = {};
  for (std::size_t i = 0; i < got.size(); ++i) {
    sum[i / 50] += got[i] * values[i];
    size[i / 50] += std::fabs(got[i] * values[i]);
  }
  for (int f = 0; f < 3; ++f) EXPECT_LE(std::fabs(sum[f]), growth_of_sums(50) * size[f]);
}

TEST(WeightNorm, ZerosGiveZerosAndNoGradient) {
  const TestTensor v(DType::f32, Array({2, 4})), dy(DType::f32, random_values({2, 4}, DType::f32, 1));
  TestTensor y(DType::f32, Dims{2, 4}), dx(DType::f32, Dims{2, 4}), dgamma(DType::f32, Dims{2});
  weight_norm(y, v);
  EXPECT_TRUE(all_equal(y.read(), 0));
  weight_norm_backward({.dx = dx, .dgamma = dgamma}, dy, v);
  EXPECT_TRUE(all_equal(dx.read(), 0));
  EXPECT_TRUE(all_equal(dgamma.read(), 0));
}

TEST(WeightNorm, RefusesWhatDoesNotFit) {
  const TestTensor five(DType::f32, Dims{5});
  const auto refused = [](Code code, const char* text, const WeightNormOptions& o) {
    expect_refused(name, code, text, shape, [&](TensorView y, ConstTensorView x) { weight_norm(y, x, o); });
  };
  refused(Code::shape, "kept_axes: expected an axis of rank 4, got 4", {.kept_axes = {4}});
  refused(Code::shape, "kept_axes: expected axes without repeats, got -4 twice", {.kept_axes = {0, -4}});
  refused(Code::shape, "gamma: expected 6, got 5", {.gamma = five});
  TestTensor norm(DType::f64, Dims{5});
  expect_refused(name, Code::shape, "norm: expected 6, got 5", shape,
                 [&](TensorView y, ConstTensorView x) { weight_norm(y, x, {}, {norm}); });
  TestTensor dbeta(DType::f32, Dims{6});
  expect_refused(name, Code::usage, "dbeta: expected none, as there is no beta, got one", shape,
                 [&](TensorView dx, ConstTensorView x) { weight_norm_backward({.dx = dx, .dbeta = dbeta}, x, x); });
}

}  // namespace
}  // namespace poise::test
