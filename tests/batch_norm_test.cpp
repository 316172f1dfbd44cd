// Batch normalization: the oracle, and what the paper's formula promises beyond it.

#include <poise/batch_norm.h>

#include <cmath>

#include "expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const BatchNormOptions& o) {
  Parameters p;
  p.mode = o.mode;
  p.channel_axes = o.channel_axes;
  p.gamma = o.gamma;
  p.beta = o.beta;
  p.running_mean = o.running_mean;
  p.running_var = o.running_var;
  p.eps = o.eps;
  p.eps_place = o.eps_place;
  p.divisor = o.divisor;
  p.running_divisor = o.running_divisor;
  p.momentum = o.momentum;
  p.track_running = o.track_running;
  return p;
}

// One call with every result that the options allow, against the oracle.
void expect_right(const TestTensor& x, const BatchNormOptions& options, Layout y_layout = Layout::contiguous) {
  const DType type = x.view().dtype();
  const Dims channels = sizes_of(x.view().sizes(), options.channel_axes);
  TestTensor y(type, x.view().sizes(), y_layout);
  TestTensor mean(DType::f64, channels), rstd(DType::f64, channels);
  const bool tracks = options.running_mean.present() && options.mode == BatchNormMode::training;
  TestTensor running_mean(DType::f32, channels), running_var(DType::f32, channels);
  const bool measures = options.mode == BatchNormMode::training;
  BatchNormResults results;
  if (measures) results.mean = mean, results.rstd = rstd;
  if (tracks) results.running_mean = running_mean, results.running_var = running_var;
  batch_norm(y, x, options, results);
  const Expected expected = oracle::batch_norm(x.read(), parameters_of(options));
  EXPECT_RIGHT(y, expected, roundings_of(active_target(), type, options.gamma));
  if (!measures) return;
  EXPECT_RIGHT(mean, expected.results.at("mean"), "mean");
  EXPECT_RIGHT(rstd, expected.results.at("rstd"), "rstd");
  if (!tracks) return;
  EXPECT_RIGHT(running_mean, expected.results.at("running_mean"), "running_mean");
  EXPECT_RIGHT(running_var, expected.results.at("running_var"), "running_var");
}

struct Channels {
  explicit Channels(std::int64_t c, DType type = DType::f32)
      : gamma(type, random_values({c}, type, 1, 1, 0.5)),
        beta(type, random_values({c}, type, 2, 0, 1)),
        mean(DType::f32, random_values({c}, DType::f32, 3, 0.5, 1)),
        var(DType::f32, Array({c}, 1.5L)) {}
  TestTensor gamma, beta, mean, var;
};

const Dims shape{5, 6, 7, 3};

TestTensor random_x(DType type = DType::f32, Layout layout = Layout::contiguous) {
  return TestTensor(type, random_values(shape, type, 11), layout);
}

TEST(BatchNorm, TrainingMatchesTheOracleInEveryTypeAndLayout) {
  const Channels c(6);
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      expect_right(random_x(type, layout),
                   {.gamma = c.gamma, .beta = c.beta, .running_mean = c.mean, .running_var = c.var});
    }
  }
}

TEST(BatchNorm, EvaluationAndFrozenUseTheRunningStatistics) {
  const Channels c(6);
  for (const BatchNormMode mode : {BatchNormMode::evaluation, BatchNormMode::frozen}) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(name_of(layout));
      expect_right(random_x(DType::f32, layout),
                   {.mode = mode, .gamma = c.gamma, .beta = c.beta, .running_mean = c.mean, .running_var = c.var});
    }
  }
}

TEST(BatchNorm, GammaAndBetaAreOptionalEach) {
  const Channels c(6);
  expect_right(random_x(), {});
  expect_right(random_x(), {.gamma = c.gamma});
  expect_right(random_x(), {.beta = c.beta});
}

TEST(BatchNorm, GammaAndBetaMayHaveAnotherType) {
  for (const DType operand : floating_types) {
    const Channels c(6, operand);
    for (const DType type : floating_types) {
      SCOPED_TRACE(std::string(name_of(type)) + " with gamma " + name_of(operand));
      expect_right(random_x(type), {.gamma = c.gamma, .beta = c.beta});
    }
  }
}

TEST(BatchNorm, EveryEpsPlaceDivisorAndMomentum) {
  const Channels c(6);
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
      for (const Divisor running : {Divisor::population, Divisor::sample}) {
        for (const double momentum : {0.0, 0.25, 1.0}) {
          expect_right(random_x(), {.running_mean = c.mean,
                                    .running_var = c.var,
                                    .eps = 0.3,
                                    .eps_place = place,
                                    .divisor = divisor,
                                    .running_divisor = running,
                                    .momentum = momentum});
        }
      }
    }
  }
}

TEST(BatchNorm, SeveralKeptAxesInAnyOrder) {
  const TestTensor x = random_x();
  for (const Dims& axes : {Dims{0}, Dims{3}, Dims{1, 3}, Dims{3, 1}, Dims{0, 1}, Dims{2, 0, 3}}) {
    SCOPED_TRACE(axes.str());
    const Dims channels = sizes_of(shape, axes);
    const TestTensor gamma(DType::f32, random_values(channels, DType::f32, 5));
    const TestTensor beta(DType::f32, random_values(channels, DType::f32, 6));
    expect_right(x, {.channel_axes = axes, .gamma = gamma, .beta = beta});
  }
}

TEST(BatchNorm, NegativeChannelAxisCountsFromTheEnd) {
  const TestTensor x = random_x();
  TestTensor y(DType::f32, shape), from_end(DType::f32, shape);
  batch_norm(y, x, {.channel_axes = {1}});
  batch_norm(from_end, x, {.channel_axes = {-3}});
  EXPECT_EQ(y.bits(), from_end.bits());
}

TEST(BatchNorm, RowsOfFeaturesWithoutPositions) {
  const TestTensor x(DType::f32, random_values({33, 17}, DType::f32, 8));
  expect_right(x, {});
  const TestTensor turned(DType::f32, random_values({33, 17}, DType::f32, 8), Layout::transposed);
  expect_right(turned, {});
}

TEST(BatchNorm, ManyFeaturesAreLanes) {
  const Channels c(307);
  for (const DType type : floating_types) {
    for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside}) {
      const TestTensor x(type, random_values({13, 307}, type, 8));
      expect_right(x, {.gamma = c.gamma, .running_mean = c.mean, .running_var = c.var, .eps_place = place});
      expect_right(x, {.beta = c.beta, .eps_place = place});
    }
  }
}

TEST(BatchNorm, NewRunningStatisticsMayAliasTheOld) {
  Channels c(6);
  const TestTensor x = random_x();
  TestTensor y(DType::f32, shape);
  const BatchNormOptions options{.running_mean = c.mean, .running_var = c.var, .momentum = 0.25};
  const Expected expected = oracle::batch_norm(x.read(), parameters_of(options));
  batch_norm(y, x, options, {.running_mean = c.mean, .running_var = c.var});
  EXPECT_RIGHT(c.mean, expected.results.at("running_mean"), "running_mean");
  EXPECT_RIGHT(c.var, expected.results.at("running_var"), "running_var");
}

// Such cells leave the fast loops, which must not count the batch twice.
TEST(BatchNorm, NewRunningStatisticsOfExtremeMagnitudesMayAliasTheOldToo) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::reversed}) {
    SCOPED_TRACE(name_of(layout));
    Channels c(6);
    const TestTensor x(DType::f32, random_values(shape, DType::f32, 11, 1e34, 1e35), layout);
    TestTensor y(DType::f32, shape), var(DType::f64, Array({6}, 1e70L));
    const BatchNormOptions options{.running_mean = c.mean, .running_var = var, .momentum = 0.25};
    const Expected expected = oracle::batch_norm(x.read(), parameters_of(options));
    batch_norm(y, x, options, {.running_mean = c.mean, .running_var = var});
    EXPECT_RIGHT(y, expected);
    EXPECT_RIGHT(c.mean, expected.results.at("running_mean"), "running_mean");
    EXPECT_RIGHT(var, expected.results.at("running_var"), "running_var");
  }
}

TEST(BatchNorm, OldRunningStatisticsAreLeftAloneWhenNotAliased) {
  const Channels c(6);
  const auto mean_before = c.mean.bits(), var_before = c.var.bits();
  expect_right(random_x(), {.running_mean = c.mean, .running_var = c.var});
  EXPECT_EQ(c.mean.bits(), mean_before);
  EXPECT_EQ(c.var.bits(), var_before);
}

TEST(BatchNorm, RunningStatisticsOfEveryType) {
  const TestTensor x = random_x();
  for (const DType type : floating_types) {
    SCOPED_TRACE(name_of(type));
    TestTensor mean(type, Array({6}, 0.5L)), var(type, Array({6}, 2));
    TestTensor y(DType::f32, shape), new_mean(type, Dims{6}), new_var(type, Dims{6});
    const BatchNormOptions options{.running_mean = mean, .running_var = var};
    batch_norm(y, x, options, {.running_mean = new_mean, .running_var = new_var});
    const Expected expected = oracle::batch_norm(x.read(), parameters_of(options));
    EXPECT_RIGHT(new_mean, expected.results.at("running_mean"), "running_mean");
    EXPECT_RIGHT(new_var, expected.results.at("running_var"), "running_var");
  }
}

TEST(BatchNorm, WithoutTrackingEvaluationUsesTheBatch) {
  const TestTensor x = random_x();
  TestTensor training(DType::f32, shape), evaluation(DType::f32, shape);
  batch_norm(training, x);
  batch_norm(evaluation, x, {.mode = BatchNormMode::evaluation, .track_running = false});
  EXPECT_EQ(training.bits(), evaluation.bits());
}

TEST(BatchNorm, EvaluationWithTheBatchsOwnStatisticsAgreesWithTraining) {
  const TestTensor x = random_x(DType::f64);
  TestTensor training(DType::f64, shape), evaluation(DType::f64, shape);
  TestTensor mean(DType::f64, Array({6}, 0)), var(DType::f64, Array({6}, 1));
  batch_norm(training, x,
             {.running_mean = mean, .running_var = var, .running_divisor = Divisor::population, .momentum = 1},
             {.running_mean = mean, .running_var = var});
  const BatchNormOptions options{.mode = BatchNormMode::evaluation, .running_mean = mean, .running_var = var};
  batch_norm(evaluation, x, options);
  Expected expected = oracle::batch_norm(x.read(), {});
  // The statistics passed through one float64 each: the mean moves by w|mean|, the variance by w relatively.
  for (std::size_t i = 0; i < expected.y.size(); ++i) expected.growth[i] += 2 * w * (1 + std::fabs(expected.t[i]));
  EXPECT_RIGHT(training, expected);
  EXPECT_RIGHT(evaluation, expected);
}

TEST(BatchNorm, OneSampleIsInstanceNorm) {
  const TestTensor x(DType::f32, random_values({1, 6, 7, 3}, DType::f32, 4));
  TestTensor y(DType::f32, x.view().sizes());
  batch_norm(y, x);
  EXPECT_RIGHT(y, oracle::instance_norm(x.read(), {}));
}

TEST(BatchNorm, ShiftAndScaleOfXCancel) {
  // x is a multiple of 1/8 below 16: 4x + 96 is stored exactly, and the oracle of x must hold for it, eps scaled by 16.
  Array values = random_values(shape, DType::f32, 12);
  for (auto& v : values.values) v = std::nearbyint(v * 8) / 8;
  Array moved = values;
  for (auto& v : moved.values) v = 4 * v + 96;
  const TestTensor x(DType::f32, moved);
  TestTensor y(DType::f32, shape);
  batch_norm(y, x, {.eps = 16e-5});
  Parameters p;
  p.eps = 1e-5;
  EXPECT_RIGHT(y, oracle::batch_norm(values, p));
}

TEST(BatchNorm, PermutingTheElementsOfAChannelPermutesY) {
  // Reversing the samples leaves every channel's set of elements as it is.
  const Array values = random_values(shape, DType::f32, 13);
  Array reversed(shape);
  const std::size_t sample = values.size() / 5;
  for (std::size_t i = 0; i < values.size(); ++i) reversed[i] = values[(4 - i / sample) * sample + i % sample];
  const TestTensor x(DType::f32, reversed);
  TestTensor y(DType::f32, shape);
  batch_norm(y, x);
  const Expected straight = oracle::batch_norm(values, {});
  Expected expected = straight;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t from = (4 - i / sample) * sample + i % sample;
    expected.y[i] = straight.y[from], expected.t[i] = straight.t[from], expected.growth[i] = straight.growth[from];
  }
  EXPECT_RIGHT(y, expected);
}

TEST(BatchNorm, ManySmallPlanesAndOneLargeOne) {
  for (const Dims& sizes : {Dims{8, 32, 7, 7}, Dims{3, 5, 1, 1}, Dims{2, 3, 129, 65}, Dims{2, 1, 40000}}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed}) {
      SCOPED_TRACE(sizes.str() + " " + name_of(layout));
      expect_right(TestTensor(DType::f32, random_values(sizes, DType::f32, 9), layout), {}, layout);
    }
  }
}

// Everything in range but one option: refused with this text, y untouched.
void refused(Code code, const char* text, const BatchNormOptions& options, const BatchNormResults& results = {},
             const Dims& sizes = shape) {
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1));
  TestTensor y(DType::f32, sizes);
  EXPECT_REFUSES(code, std::string("[batch_norm] ") + text, batch_norm(y, x, options, results));
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32))) << text;
}

TEST(BatchNorm, RefusesAxesThatDoNotFit) {
  refused(Code::shape, "channel_axes: expected an axis of rank 4, got 4", {.channel_axes = {4}});
  refused(Code::shape, "channel_axes: expected an axis of rank 4, got -5", {.channel_axes = {-5}});
  refused(Code::shape, "channel_axes: expected axes without repeats, got -3 twice", {.channel_axes = {1, -3}});
  refused(Code::shape, "channel_axes: expected an axis of rank 1, got 1", {}, {}, {6});
}

TEST(BatchNorm, RefusesOneValuePerChannelInTraining) {
  const char* text = "x: expected more than one value per channel, got 1";
  refused(Code::shape, text, {}, {}, {1, 6});
  refused(Code::shape, text, {}, {}, {1, 6, 1, 1});
  refused(Code::shape, text, {.channel_axes = {0, 1, 2, 3}});
  const Channels c(6);
  const TestTensor x(DType::f32, random_values({1, 6}, DType::f32, 1));
  expect_right(x, {.mode = BatchNormMode::evaluation, .running_mean = c.mean, .running_var = c.var});
}

TEST(BatchNorm, RefusesNumbersOutOfRange) {
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1e-05", {.eps = -1e-5});
  refused(Code::usage, "eps: expected a finite number of at least 0, got nan", {.eps = NAN});
  refused(Code::usage, "momentum: expected a number from 0 to 1, got 1.5", {.momentum = 1.5});
  refused(Code::usage, "momentum: expected a number from 0 to 1, got -0.1", {.momentum = -0.1});
  refused(Code::usage, "momentum: expected a number from 0 to 1, got nan", {.momentum = NAN});
}

TEST(BatchNorm, RefusesMissingRunningStatistics) {
  const Channels c(6);
  TestTensor fresh(DType::f32, Dims{6});
  const char* both =
      "running_mean, running_var: expected both in evaluation "
      "and frozen, got none";
  refused(Code::usage, both, {.mode = BatchNormMode::evaluation});
  refused(Code::usage, both, {.mode = BatchNormMode::frozen, .running_mean = c.mean});
  refused(Code::usage, both, {.mode = BatchNormMode::evaluation, .running_var = c.var});
  refused(Code::usage, "running_mean: expected the old one as an option, got none", {}, {.running_mean = fresh});
  refused(Code::usage, "running_var: expected the old one as an option, got none", {.running_mean = c.mean},
          {.running_var = fresh});
  refused(Code::usage,
          "track_running: expected true where new running statistics are "
          "wanted, got false",
          {.running_mean = c.mean, .track_running = false}, {.running_mean = fresh});
}

TEST(BatchNorm, RefusesRunningStatisticsOfAnotherShapeOrType) {
  const Channels c(6), five(5);
  TestTensor f64(DType::f64, Dims{6});
  refused(Code::shape, "running_mean: expected 6, got 5", {.running_mean = five.mean, .running_var = c.var});
  refused(Code::shape, "running_var: expected 6, got 5", {.running_mean = c.mean, .running_var = five.var});
  refused(Code::usage, "running_mean: expected f32, got f64", {.running_mean = c.mean}, {.running_mean = f64});
}

TEST(BatchNorm, RefusesResultsInEvaluation) {
  const Channels c(6);
  TestTensor mean(DType::f64, Dims{6});
  refused(Code::usage, "results: expected none in evaluation and frozen, got one",
          {.mode = BatchNormMode::evaluation, .running_mean = c.mean, .running_var = c.var}, {.mean = mean});
}

}  // namespace
}  // namespace poise::test
