// The max-norm constraint: within the limit nothing happens, beyond it the norm is the limit.

#include <poise/weight_norm.h>

#include <cmath>
#include <limits>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "max_norm";
const Dims shape{6, 5, 3, 3};

TEST(MaxNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "limit=13.5", "kept_axes=1:limit=1e4", "kept_axes=3,0:limit=6", "kept_axes=-1"}) {
    expect_right_everywhere(name, variant, shape);
  }
}

TEST(MaxNorm, GradientsAreTheDerivative) {
  expect_gradients(name, "limit=3", {3, 4, 2});
  expect_gradients(name, "limit=1e3", {3, 4, 2});
  expect_gradients(name, "limit=2:kept_axes=-1", {3, 4, 2});
}

TEST(MaxNorm, AtTheLimitNothingChanges) {
  const TestTensor v(DType::f32, array_of({3, 2}, {3, 4, 6, 8, 0.3, 0.4}, DType::f32));
  TestTensor y(DType::f32, Dims{3, 2}), norm(DType::f64, Dims{3});
  max_norm(y, v, {.limit = 5}, {norm});
  EXPECT_EQ(y.read().values, (std::vector<Real>{3, 4, 3, 4, rounded(0.3L, DType::f32), rounded(0.4L, DType::f32)}));
  EXPECT_EQ(norm.read()[1], 10);
}

TEST(MaxNorm, WithinTheLimitTheGradientPasses) {
  const TestTensor v(DType::f32, random_values(shape, DType::f32, 1));
  const TestTensor dy(DType::f32, random_values(shape, DType::f32, 2));
  TestTensor dx(DType::f32, shape);
  max_norm_backward({.dx = dx}, dy, v, {}, {.limit = 1e6});
  EXPECT_EQ(dx.bits(), dy.bits());
}

TEST(MaxNorm, RefusesWhatDoesNotFit) {
  const auto refused = [](Code code, const char* text, const MaxNormOptions& o) {
    expect_refused(name, code, text, shape, [&](TensorView y, ConstTensorView x) { max_norm(y, x, o); });
  };
  refused(Code::shape, "kept_axes: expected an axis of rank 4, got -5", {.kept_axes = {-5}});
  refused(Code::usage, "limit: expected a finite number above 0, got 0", {.limit = 0});
  refused(Code::usage, "limit: expected a finite number above 0, got -2", {.limit = -2});
  refused(Code::usage, "limit: expected a finite number above 0, got inf",
          {.limit = std::numeric_limits<double>::infinity()});
}

}  // namespace
}  // namespace poise::test
