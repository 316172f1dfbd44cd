// Filter response norm, with and without its threshold.

#include <poise/filter_response_norm.h>

#include <cmath>
#include <vector>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "filter_response_norm";
const Dims shape{6, 5, 3, 3};

TEST(FilterResponseNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "threshold=given", "eps_place=outside:eps=0.3"})
    expect_right_everywhere(name, variant, shape);
}

TEST(FilterResponseNorm, GradientsAreTheDerivative) {
  for (const char* variant : {"", "threshold=given"}) expect_gradients(name, variant, {3, 4, 5});
}

TEST(FilterResponseNorm, ZerosGiveBetaOrTheThreshold) {
  const TestTensor x(DType::f32, Array(Dims{1, 2, 3}, 0));
  const TestTensor beta(DType::f32, array_of({2}, {0.25, -3}, DType::f32)),
      tau(DType::f32, array_of({2}, {0, -1}, DType::f32));
  TestTensor y(DType::f32, Dims{1, 2, 3});
  filter_response_norm(y, x, {.beta = beta, .threshold = tau});
  EXPECT_EQ(y.read().values, (std::vector<Real>{0.25, 0.25, 0.25, -1, -1, -1}));
}

TEST(FilterResponseNorm, RefusesWhatDoesNotFit) {
  const TestTensor tau(DType::f32, Dims{4}), x(DType::f32, shape), dx(DType::f32, shape), dtau(DType::f32, Dims{5});
  expect_refused(name, Code::shape, "threshold: expected 5, got 4", shape,
                 [&](TensorView y, ConstTensorView in) { filter_response_norm(y, in, {.threshold = tau}); });
  EXPECT_REFUSES(Code::usage, "[filter_response_norm] dthreshold: expected none where there is no threshold, got one",
                 filter_response_norm_backward({.dx = dx, .dthreshold = dtau}, x, x));
}

}  // namespace
}  // namespace poise::test
