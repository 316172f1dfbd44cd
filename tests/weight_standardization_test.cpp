// Weight standardization: the published variants, by number.

#include <poise/weight_standardization.h>

#include <cmath>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "weight_standardization";
const Dims shape{6, 5, 3, 3};
const char* const variants[] = {"original", "bit", "vit", "timm", "nfnet", "timm_scaled", "aws"};

TEST(WeightStandardization, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : variants) {
    expect_right_everywhere(name, std::string("variant=") + variant, shape);
    expect_right_everywhere(name, std::string("channel_axes=-1:variant=") + variant, {3, 3, 5, 6});
  }
  expect_right_everywhere(name, "eps=0.3:eps_place=outside:divisor=sample:fan_in=variance", shape);
}

TEST(WeightStandardization, GradientsAreTheDerivative) {
  for (const char* variant : variants) expect_gradients(name, std::string("variant=") + variant, {3, 4, 3});
  expect_gradients(name, "channel_axes=2:eps=0.2:eps_place=outside:fan_in=scale", {3, 4, 2});
}

// Of the weights 1, 2, 3, 4: mean 2.5, variance 5/4 or 5/3, fan-in 4.
TEST(WeightStandardization, ThePublishedFormulas) {
  const Real n = 1.25L, n_1 = 5.0L / 3;
  const std::pair<const char*, Real> deviations[] = {
      {"original", std::sqrt(n_1) + 1e-5L}, {"bit", std::sqrt(n + 1e-10L)}, {"vit", std::sqrt(n) + 1e-5L},
      {"timm", std::sqrt(n + 1e-6L)},       {"nfnet", std::sqrt(4 * n)},    {"timm_scaled", std::sqrt(4 * (n + 1e-6L))},
      {"aws", std::sqrt(n_1 + 1e-5L)}};
  const TestTensor x(DType::f64, array_of({1, 4}, {1, 2, 3, 4}));
  for (const auto& [variant, deviation] : deviations) {
    TestTensor y(DType::f64, Dims{1, 4});
    weight_standardization(y, x, weight_standardization_variant(variant));
    const Array got = y.read();
    for (std::size_t i = 0; i < 4; ++i) {
      const Real expected = (static_cast<Real>(i) - 1.5L) / deviation;
      EXPECT_LE(std::fabs(got[i] - expected), 40 * w * std::fabs(expected)) << variant << " " << i;
    }
  }
}

// n * var below nfnet's floor of 1e-4.
TEST(WeightStandardization, TheFloorActs) {
  const TestTensor x(DType::f64, array_of({1, 2}, {1, 1 + 1e-3}));
  TestTensor y(DType::f64, Dims{1, 2}), rstd(DType::f64, Dims{1});
  weight_standardization(y, x, weight_standardization_variant("nfnet"), {.rstd = rstd});
  EXPECT_EQ(rstd.read()[0], 100);
}

TEST(WeightStandardization, AConstantFilterGivesBeta) {
  const TestTensor x(DType::f32, Array(shape, 0.1L)), beta(DType::f32, random_values({6}, DType::f32, 1));
  TestTensor y(DType::f32, shape);
  for (const char* variant : variants) {
    auto o = weight_standardization_variant(variant);
    o.beta = beta;
    weight_standardization(y, x, o);
    const Array got = y.read(), expected = beta.read();
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], expected[i / 45]) << variant;
  }
}

TEST(WeightStandardization, TheDefaultIsBit) {
  const WeightStandardizationOptions o, bit = weight_standardization_variant("bit");
  EXPECT_EQ(o.eps, bit.eps);
  EXPECT_EQ(o.eps_place, bit.eps_place);
  EXPECT_EQ(o.divisor, bit.divisor);
  EXPECT_EQ(o.fan_in, bit.fan_in);
}

TEST(WeightStandardization, RefusesWhatDoesNotFit) {
  const TestTensor five(DType::f32, Dims{5});
  const auto refused = [](Code code, const char* text, const WeightStandardizationOptions& o,
                          const Dims& sizes = shape) {
    expect_refused(name, code, text, sizes, [&](TensorView y, ConstTensorView x) { weight_standardization(y, x, o); });
  };
  refused(Code::shape, "filter_axis: expected an axis of rank 4, got 4", {.filter_axis = 4});
  refused(Code::shape, "gamma: expected 6, got 5", {.gamma = five});
  refused(Code::shape, "beta: expected 6, got 5", {.beta = five});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
  refused(Code::shape, "w: expected more than one weight per filter, got 1", {}, {6, 1, 1});
  EXPECT_REFUSES(Code::usage,
                 "[weight_standardization] variant: expected one of original, bit, vit, timm, nfnet, timm_scaled, "
                 "aws, got keras",
                 weight_standardization_variant("keras"));
}

}  // namespace
}  // namespace poise::test
