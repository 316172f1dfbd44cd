// Adaptive instance normalization: content with the style's mean and deviation.

#include <poise/adaptive_instance_norm.h>

#include <cmath>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "adaptive_instance_norm";
const Dims shape{5, 6, 7, 3}, cells{5, 6};

TEST(AdaptiveInstanceNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant :
       {"", "blend=0.7", "blend=0", "channel_axes=-1:style_divisor=population", "eps=0.3:eps_place=outside",
        "style_mean=given:style_std=given", "style_mean=given:style_std=given:blend=0.7"}) {
    expect_right_everywhere(name, variant, shape);
  }
}

TEST(AdaptiveInstanceNorm, StyleOfAnyLayoutTypeAndNumberOfPositions) {
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      for (const Dims& sizes : {Dims{5, 6, 7, 3}, Dims{5, 6, 1, 2}, Dims{5, 6, 31, 9}}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " " + sizes.str());
        const TestTensor x(DType::f32, random_values(shape, DType::f32, 1)),
            style(type, random_values(sizes, type, 2, 30, 3), layout);
        TestTensor y(DType::f32, shape), dx(DType::f32, shape), dstyle(type, sizes);
        TestTensor dmean(DType::f64, cells), dstd(DType::f64, cells);
        adaptive_instance_norm(y, x, {.style = style});
        Parameters p;
        p.style = style;
        EXPECT_RIGHT(y, oracle::adaptive_instance_norm(x.read(), p));
        const TestTensor dy(DType::f32, random_values(shape, DType::f32, 3));
        adaptive_instance_norm_backward({.dx = dx, .dstyle = dstyle, .dstyle_mean = dmean, .dstyle_std = dstd}, dy, x,
                                        {}, {.style = style});
        const ExpectedGradients expected = backward_oracle_named(name)(x.read(), dy.read(), p);
        EXPECT_RIGHT(dstyle, expected.gradients.at("dstyle"), "dstyle");
        EXPECT_RIGHT(dmean, expected.gradients.at("dstyle_mean"), "dstyle_mean");
        EXPECT_RIGHT(dstd, expected.gradients.at("dstyle_std"), "dstyle_std");
      }
    }
  }
}

TEST(AdaptiveInstanceNorm, GradientsAreTheDerivative) {
  for (const char* variant : {"", "blend=0.3:eps=0.2:eps_place=outside", "style_divisor=population:channel_axes=2",
                              "eps_place=floor:eps=0.1", "style_mean=given:style_std=given:blend=0.7"}) {
    expect_gradients(name, variant, {3, 4, 5});
  }
}

TEST(AdaptiveInstanceNorm, ByNumber) {
  const TestTensor x(DType::f64, array_of({1, 1, 2}, {1, 3})), style(DType::f64, array_of({1, 1, 3}, {10, 20, 30}));
  TestTensor y(DType::f64, Dims{1, 1, 2}), mean(DType::f64, Dims{1, 1}), std(DType::f64, Dims{1, 1});
  adaptive_instance_norm(y, x, {.style = style, .eps = 0, .divisor = Divisor::sample},
                         {.style_mean = mean, .style_std = std});
  EXPECT_EQ(mean.read()[0], 20);
  EXPECT_NEAR(static_cast<double>(std.read()[0]), 10, 1e-14);
  EXPECT_NEAR(static_cast<double>(y.read()[0]), 20 - 10 / std::sqrt(2.0), 1e-13);
  EXPECT_NEAR(static_cast<double>(y.read()[1]), 20 + 10 / std::sqrt(2.0), 1e-13);
}

// Its own style leaves the content as it is.
TEST(AdaptiveInstanceNorm, TheContentsOwnStyleChangesNothing) {
  const Array values = random_values(shape, DType::f32, 4, 100, 2);
  const TestTensor x(DType::f32, values), style(DType::f32, values);
  TestTensor y(DType::f32, shape);
  for (const double alpha : {0.0, 0.5, 1.0}) {
    adaptive_instance_norm(y, x, {.style = style, .alpha = alpha});
    Parameters p;
    p.style = style;
    p.blend = alpha;
    const Expected e = oracle::adaptive_instance_norm(values, p);
    const Array got = y.read();
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_LE(std::fabs(got[i] - values[i]), map_bound(DType::f32, e.t[i], e.shift[i], e.growth[i]));
    }
  }
}

TEST(AdaptiveInstanceNorm, MeanAndStdAreTheStyle) {
  const TestTensor x(DType::f32, random_values(shape, DType::f32, 5)),
      style(DType::f32, random_values(shape, DType::f32, 6));
  TestTensor y(DType::f32, shape), z(DType::f32, shape), mean(DType::f64, cells), std(DType::f64, cells);
  adaptive_instance_norm(y, x, {.style = style, .alpha = 0.7}, {.style_mean = mean, .style_std = std});
  adaptive_instance_norm(z, x, {.style_mean = mean, .style_std = std, .alpha = 0.7});
  EXPECT_EQ(y.bits(), z.bits());
}

TEST(AdaptiveInstanceNorm, RefusesWhatDoesNotFit) {
  const TestTensor style(DType::f32, random_values(shape, DType::f32, 1)), other(DType::f32, Dims{5, 7, 7, 3}),
      flat(DType::f32, Dims{5, 6, 21}), one(DType::f32, Dims{5, 6, 1, 1}), none(DType::f32, Dims{5, 6, 0, 3}),
      mean(DType::f32, cells), five(DType::f32, Dims{5, 5});
  const auto refused = [](Code code, const char* text, const AdaptiveInstanceNormOptions& o,
                          const Dims& sizes = shape) {
    expect_refused(name, code, text, sizes, [&](TensorView y, ConstTensorView x) { adaptive_instance_norm(y, x, o); });
  };
  refused(Code::usage, "style: expected features, or their style_mean and style_std, got neither", {});
  refused(Code::usage, "style: expected features, or their style_mean and style_std, got both",
          {.style = style, .style_mean = mean, .style_std = mean});
  refused(Code::usage, "style_mean, style_std: expected both, got one", {.style_mean = mean});
  refused(Code::shape, "style_std: expected 5x6, got 5x5", {.style_mean = mean, .style_std = five});
  refused(Code::shape, "style: expected x's rank, samples and channels, got 5x7x7x3", {.style = other});
  refused(Code::shape, "style: expected x's rank, samples and channels, got 5x6x21", {.style = flat});
  refused(Code::shape, "style: expected more than one value per sample and channel, got 1", {.style = one});
  refused(Code::shape, "style: expected at least one position, got none", {.style = none});
  refused(Code::shape, "x: expected more than one value per sample and channel, got 1", {.style = one}, {5, 6, 1, 1});
  refused(Code::shape, "channel_axis: expected axes without repeats, got 0 twice", {.channel_axis = 0, .style = style});
  refused(Code::usage, "alpha: expected a number from 0 to 1, got 1.5", {.style = style, .alpha = 1.5});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.style = style, .eps = -1});
}

TEST(AdaptiveInstanceNorm, RefusesGradientsThatAreNot) {
  const TestTensor style(DType::f32, random_values(shape, DType::f32, 1)), mean(DType::f32, cells);
  TestTensor dgamma(DType::f32, Dims{6}), dstyle(DType::f32, shape), f64(DType::f64, shape);
  const auto refused = [](Code code, const char* text, Gradients g, const AdaptiveInstanceNormOptions& o) {
    expect_refused(name, code, text, shape, [&](TensorView dx, ConstTensorView x) {
      g.dx = dx;
      adaptive_instance_norm_backward(g, x, x, {}, o);
    });
  };
  refused(Code::usage, "dgamma: expected none, as there is no gamma, got one", {.dgamma = dgamma}, {.style = style});
  refused(Code::usage, "dstyle: expected none where the style is a mean and a std, got one", {.dstyle = dstyle},
          {.style_mean = mean, .style_std = mean});
  refused(Code::usage, "dstyle: expected f32, got f64", {.dstyle = f64}, {.style = style});
  refused(Code::refused, "dstyle: expected memory of its own, got the style's", {.dstyle = style.view()},
          {.style = style});
  refused(Code::shape, "dstyle_mean: expected 5x6, got 6", {.dstyle_mean = dgamma}, {.style = style});
}

}  // namespace
}  // namespace poise::test
