// Instance normalization: the oracle, and what the paper's formula promises beyond it.

#include <poise/instance_norm.h>

#include <cmath>

#include "expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const InstanceNormOptions& o) {
  Parameters p;
  p.mode = o.mode == InstanceNormMode::training ? BatchNormMode::training : BatchNormMode::evaluation;
  p.channel_axes = {o.channel_axis};
  p.gamma = o.gamma;
  p.beta = o.beta;
  p.running_mean = o.running_mean;
  p.running_var = o.running_var;
  p.eps = o.eps;
  p.eps_place = o.eps_place;
  p.divisor = o.divisor;
  p.running_divisor = o.running_divisor;
  p.momentum = o.momentum;
  return p;
}

void expect_right(const TestTensor& x, const InstanceNormOptions& options, Layout y_layout = Layout::contiguous) {
  const DType type = x.view().dtype();
  const Dims sizes = x.view().sizes();
  const Dims channels{sizes[positive(options.channel_axis, sizes.size())]};
  const Dims instances{sizes[0], channels[0]};
  const bool training = options.mode == InstanceNormMode::training;
  const bool measures = training || !options.running_mean.present();
  const bool tracks = training && options.running_mean.present();
  TestTensor y(type, sizes, y_layout), mean(DType::f64, instances), rstd(DType::f64, instances);
  TestTensor running_mean(DType::f32, channels), running_var(DType::f32, channels);
  InstanceNormResults results;
  if (measures) results.mean = mean, results.rstd = rstd;
  if (tracks) results.running_mean = running_mean, results.running_var = running_var;
  instance_norm(y, x, options, results);
  const Expected expected = oracle::instance_norm(x.read(), parameters_of(options));
  EXPECT_RIGHT(y, expected, roundings_of(active_target(), type, options.gamma));
  if (measures) {
    EXPECT_RIGHT(mean, expected.results.at("mean"), "mean");
    EXPECT_RIGHT(rstd, expected.results.at("rstd"), "rstd");
  }
  if (tracks) {
    EXPECT_RIGHT(running_mean, expected.results.at("running_mean"), "running_mean");
    EXPECT_RIGHT(running_var, expected.results.at("running_var"), "running_var");
  }
}

const Dims shape{5, 6, 7, 3};

TestTensor random_x(DType type = DType::f32, Layout layout = Layout::contiguous) {
  return TestTensor(type, random_values(shape, type, 41), layout);
}

struct Channels {
  explicit Channels(std::int64_t c, DType type = DType::f32)
      : gamma(type, random_values({c}, type, 1, 1, 0.5)),
        beta(type, random_values({c}, type, 2, 0, 1)),
        mean(DType::f32, random_values({c}, DType::f32, 3, 0.5, 1)),
        var(DType::f32, Array({c}, 1.5L)) {}
  TestTensor gamma, beta, mean, var;
};

TEST(InstanceNorm, MatchesTheOracleInEveryTypeAndLayout) {
  const Channels c(6);
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      expect_right(random_x(type, layout), {.gamma = c.gamma, .beta = c.beta});
    }
  }
}

TEST(InstanceNorm, AnyChannelAxis) {
  for (const int axis : {1, 2, 3, -1, -2}) {
    SCOPED_TRACE(axis);
    const Channels c(shape[positive(axis, 4)]);
    expect_right(
        random_x(),
        {.channel_axis = axis, .gamma = c.gamma, .beta = c.beta, .running_mean = c.mean, .running_var = c.var});
  }
}

TEST(InstanceNorm, RunningStatisticsAreTheMeanOverSamples) {
  const Channels c(6);
  for (const Layout layout : all_layouts) {
    for (const double momentum : {0.0, 0.1, 1.0}) {
      SCOPED_TRACE(name_of(layout));
      expect_right(random_x(DType::f32, layout), {.running_mean = c.mean, .running_var = c.var, .momentum = momentum});
    }
  }
}

TEST(InstanceNorm, EvaluationNormalizesWithTheRunningStatisticsWhereGiven) {
  const Channels c(6);
  expect_right(random_x(),
               {.mode = InstanceNormMode::evaluation, .gamma = c.gamma, .running_mean = c.mean, .running_var = c.var});
  expect_right(random_x(), {.mode = InstanceNormMode::evaluation, .gamma = c.gamma});
}

TEST(InstanceNorm, NewRunningStatisticsMayAliasTheOld) {
  const Channels c(6);
  const TestTensor x = random_x();
  TestTensor y(DType::f32, shape);
  const InstanceNormOptions options{.running_mean = c.mean, .running_var = c.var, .momentum = 0.25};
  const Expected expected = oracle::instance_norm(x.read(), parameters_of(options));
  instance_norm(y, x, options, {.running_mean = c.mean, .running_var = c.var});
  EXPECT_RIGHT(c.mean, expected.results.at("running_mean"), "running_mean");
  EXPECT_RIGHT(c.var, expected.results.at("running_var"), "running_var");
}

TEST(InstanceNorm, GammaAndBetaAreOptionalEachAndOfAnyType) {
  for (const DType type : floating_types) {
    const Channels c(6, type);
    expect_right(random_x(), {.gamma = c.gamma});
    expect_right(random_x(), {.beta = c.beta});
  }
}

TEST(InstanceNorm, EveryEpsPlaceAndDivisor) {
  const Channels c(6);
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
      for (const Divisor running : {Divisor::population, Divisor::sample}) {
        expect_right(random_x(), {.running_mean = c.mean,
                                  .running_var = c.var,
                                  .eps = 0.3,
                                  .eps_place = place,
                                  .divisor = divisor,
                                  .running_divisor = running});
      }
    }
  }
}

TEST(InstanceNorm, IgnoresTheContrastOfEachImage) {
  // The paper's point: scaling one sample leaves its y alone. 8x is exact, eps = 0.
  const Array values = random_values(shape, DType::f32, 5);
  Array louder = values;
  for (std::size_t i = 0; i < values.size() / 5; ++i) louder[i] *= 8;
  const TestTensor x(DType::f32, louder);
  TestTensor y(DType::f32, shape);
  instance_norm(y, x, {.eps = 0});
  EXPECT_RIGHT(y, oracle::instance_norm(values, parameters_of({.eps = 0})));
}

TEST(InstanceNorm, SmallAndLargePlanes) {
  for (const Dims& sizes : {Dims{8, 32, 7, 7}, Dims{3, 5, 2}, Dims{2, 3, 129, 65}}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed}) {
      SCOPED_TRACE(sizes.str() + " " + name_of(layout));
      expect_right(TestTensor(DType::f32, random_values(sizes, DType::f32, 9), layout), {}, layout);
    }
  }
}

void refused(Code code, const char* text, const InstanceNormOptions& options, const InstanceNormResults& results = {},
             const Dims& sizes = shape) {
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1));
  TestTensor y(DType::f32, sizes);
  EXPECT_REFUSES(code, std::string("[instance_norm] ") + text, instance_norm(y, x, options, results));
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32))) << text;
}

TEST(InstanceNorm, RefusesWhatDoesNotFit) {
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 4", {.channel_axis = 4});
  refused(Code::shape, "channel_axis: expected axes without repeats, got 0 twice", {.channel_axis = 0});
  refused(Code::shape, "channel_axis: expected an axis of rank 1, got 1", {}, {}, {6});
  const Channels five(5);
  refused(Code::shape, "gamma: expected 6, got 5", {.gamma = five.gamma});
  refused(Code::shape, "running_mean: expected 6, got 5", {.running_mean = five.mean, .running_var = five.var});
}

TEST(InstanceNorm, RefusesOneValuePerSampleAndChannelInTraining) {
  const char* text = "x: expected more than one value per sample and channel, got 1";
  refused(Code::shape, text, {}, {}, {5, 6});
  refused(Code::shape, text, {}, {}, {5, 6, 1, 1});
  const Channels c(6);
  const TestTensor x(DType::f32, random_values({5, 6}, DType::f32, 1));
  expect_right(x, {.mode = InstanceNormMode::evaluation, .running_mean = c.mean, .running_var = c.var});
}

TEST(InstanceNorm, RefusesNumbersOutOfRange) {
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
  refused(Code::usage, "momentum: expected a number from 0 to 1, got 2", {.momentum = 2});
}

TEST(InstanceNorm, RefusesNewRunningStatisticsWithoutOldOnes) {
  TestTensor fresh(DType::f32, Dims{6});
  refused(Code::usage, "running_mean: expected the old one as an option, got none", {}, {.running_mean = fresh});
}

// Nothing is measured there: what would be written is unclear, so nothing may be asked for.
TEST(InstanceNorm, RefusesResultsInEvaluationWithRunningStatistics) {
  const Channels c(6);
  TestTensor mean(DType::f64, Dims{5, 6}), fresh(DType::f32, Dims{6});
  const InstanceNormOptions options{.mode = InstanceNormMode::evaluation, .running_mean = c.mean, .running_var = c.var};
  const char* text = "results: expected none in evaluation with running statistics, got one";
  refused(Code::usage, text, options, {.mean = mean});
  refused(Code::usage, text, options, {.running_mean = fresh});
}

TEST(InstanceNorm, RefusesHalfOfTheRunningStatisticsInEvaluation) {
  const Channels c(6);
  refused(Code::usage, "running_mean, running_var: expected both or none in evaluation, got one",
          {.mode = InstanceNormMode::evaluation, .running_mean = c.mean});
}

}  // namespace
}  // namespace poise::test
