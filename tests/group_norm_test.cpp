// Group normalization: the oracle, and what the paper's formula promises beyond it.

#include <poise/group_norm.h>

#include <cmath>

#include "expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const GroupNormOptions& o) {
  Parameters p;
  p.groups = o.groups;
  p.channel_axes = {o.channel_axis};
  p.gamma = o.gamma;
  p.beta = o.beta;
  p.eps = o.eps;
  p.eps_place = o.eps_place;
  p.divisor = o.divisor;
  return p;
}

void expect_right(const TestTensor& x, const GroupNormOptions& options, Layout y_layout = Layout::contiguous) {
  const DType type = x.view().dtype();
  const Dims sizes = x.view().sizes();
  const Dims cells{sizes[0], options.groups};
  TestTensor y(type, sizes, y_layout), mean(DType::f64, cells), rstd(DType::f64, cells);
  group_norm(y, x, options, {mean, rstd});
  const Expected expected = oracle::group_norm(x.read(), parameters_of(options));
  EXPECT_RIGHT(y, expected, roundings_of(active_target(), type, options.gamma));
  EXPECT_RIGHT(mean, expected.results.at("mean"), "mean");
  EXPECT_RIGHT(rstd, expected.results.at("rstd"), "rstd");
}

const Dims shape{5, 12, 7, 3};

TestTensor random_x(DType type = DType::f32, Layout layout = Layout::contiguous) {
  return TestTensor(type, random_values(shape, type, 51), layout);
}

struct Channels {
  explicit Channels(std::int64_t c, DType type = DType::f32)
      : gamma(type, random_values({c}, type, 1, 1, 0.5)), beta(type, random_values({c}, type, 2, 0, 1)) {}
  TestTensor gamma, beta;
};

TEST(GroupNorm, MatchesTheOracleInEveryTypeAndLayout) {
  const Channels c(12);
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      expect_right(random_x(type, layout), {.groups = 3, .gamma = c.gamma, .beta = c.beta});
    }
  }
}

TEST(GroupNorm, EveryNumberOfGroups) {
  const Channels c(12);
  for (const std::int64_t groups : {1, 2, 3, 4, 6, 12}) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::to_string(groups) + " " + name_of(layout));
      expect_right(random_x(DType::f32, layout), {.groups = groups, .gamma = c.gamma, .beta = c.beta});
    }
  }
}

TEST(GroupNorm, AnyChannelAxis) {
  for (const int axis : {1, 2, 3, -1, -3}) {
    SCOPED_TRACE(axis);
    const std::int64_t channels = shape[positive(axis, 4)];
    const Channels c(channels);
    for (const std::int64_t groups : {std::int64_t{1}, channels}) {
      expect_right(random_x(), {.groups = groups, .channel_axis = axis, .gamma = c.gamma, .beta = c.beta});
    }
  }
}

TEST(GroupNorm, RowsOfChannelsWithoutPositions) {
  const Channels c(12);
  const TestTensor x(DType::f32, random_values({33, 12}, DType::f32, 8));
  for (const std::int64_t groups : {1, 3, 4}) expect_right(x, {.groups = groups, .gamma = c.gamma, .beta = c.beta});
}

TEST(GroupNorm, GammaAndBetaAreOptionalEachAndOfAnyType) {
  expect_right(random_x(), {.groups = 4});
  for (const DType type : floating_types) {
    const Channels c(12, type);
    expect_right(random_x(), {.groups = 4, .gamma = c.gamma});
    expect_right(random_x(), {.groups = 4, .beta = c.beta});
  }
}

TEST(GroupNorm, EveryEpsPlaceAndDivisor) {
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
      for (const double eps : {0.0, 0.3, 100.0}) {
        expect_right(random_x(), {.groups = 4, .eps = eps, .eps_place = place, .divisor = divisor});
      }
    }
  }
}

// The paper's figure 2: the two ends of group norm.
TEST(GroupNorm, OneGroupIsLayerNormWithGammaPerChannel) {
  const Channels c(12);
  const TestTensor x = random_x();
  TestTensor y(DType::f32, shape);
  group_norm(y, x, {.groups = 1, .gamma = c.gamma, .beta = c.beta});
  Parameters p;
  p.axes = {1, 2, 3};
  p.gamma_axes = {1};
  p.gamma = c.gamma;
  p.beta = c.beta;
  EXPECT_RIGHT(y, oracle::layer_norm(x.read(), p));
}

TEST(GroupNorm, AsManyGroupsAsChannelsIsInstanceNorm) {
  const Channels c(12);
  const TestTensor x = random_x();
  TestTensor y(DType::f32, shape);
  group_norm(y, x, {.groups = 12, .gamma = c.gamma, .beta = c.beta});
  Parameters p;
  p.gamma = c.gamma;
  p.beta = c.beta;
  EXPECT_RIGHT(y, oracle::instance_norm(x.read(), p));
}

TEST(GroupNorm, SwappingChannelsInsideAGroupSwapsThemInY) {
  const Array values = random_values(shape, DType::f32, 5);
  const Keys channel = keys_along(shape, {1});
  // Channels 4g .. 4g + 3 are mirrored inside their group.
  const auto partner = [&](std::size_t i) { return i + 21 * (channel[i] / 4 * 8 + 3 - 2 * channel[i]); };
  Array swapped(shape);
  for (std::size_t i = 0; i < values.size(); ++i) swapped[i] = values[partner(i)];
  const TestTensor x(DType::f32, swapped);
  TestTensor y(DType::f32, shape);
  group_norm(y, x, {.groups = 3});
  const Expected straight = oracle::group_norm(values, parameters_of({.groups = 3}));
  Expected expected = straight;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t from = partner(i);
    expected.y[i] = straight.y[from], expected.t[i] = straight.t[from], expected.growth[i] = straight.growth[from];
  }
  EXPECT_RIGHT(y, expected);
}

TEST(GroupNorm, ShiftAndScaleOfAGroupCancel) {
  Array values = random_values(shape, DType::f32, 6);
  for (auto& v : values.values) v = std::nearbyint(v * 8) / 8;
  Array moved = values;
  for (auto& v : moved.values) v = 4 * v + 96;
  const TestTensor x(DType::f32, moved);
  TestTensor y(DType::f32, shape);
  group_norm(y, x, {.groups = 3, .eps = 16e-5});
  EXPECT_RIGHT(y, oracle::group_norm(values, parameters_of({.groups = 3})));
}

TEST(GroupNorm, SmallAndLargePlanes) {
  for (const Dims& sizes : {Dims{4, 32, 7, 7}, Dims{3, 6, 2}, Dims{2, 4, 129, 65}}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed}) {
      SCOPED_TRACE(sizes.str() + " " + name_of(layout));
      const TestTensor x(DType::f32, random_values(sizes, DType::f32, 9), layout);
      expect_right(x, {.groups = 2}, layout);
    }
  }
}

void refused(Code code, const char* text, const GroupNormOptions& options, const Dims& sizes = shape) {
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1));
  TestTensor y(DType::f32, sizes);
  EXPECT_REFUSES(code, std::string("[group_norm] ") + text, group_norm(y, x, options));
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32))) << text;
}

TEST(GroupNorm, RefusesGroupsThatDoNotDivideTheChannels) {
  refused(Code::shape, "groups: expected a divisor of 12 channels, got 5", {.groups = 5});
  refused(Code::shape, "groups: expected a divisor of 12 channels, got 24", {.groups = 24});
  refused(Code::shape, "groups: expected a divisor of 12 channels, got 32", {});
  refused(Code::shape, "groups: expected a divisor of 12 channels, got 0", {.groups = 0});
  refused(Code::shape, "groups: expected a divisor of 12 channels, got -3", {.groups = -3});
}

TEST(GroupNorm, RefusesWhatDoesNotFit) {
  const Channels five(5);
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 4", {.groups = 3, .channel_axis = 4});
  refused(Code::shape, "channel_axis: expected axes without repeats, got 0 twice", {.groups = 1, .channel_axis = 0});
  refused(Code::shape, "gamma: expected 12, got 5", {.groups = 3, .gamma = five.gamma});
  refused(Code::shape, "beta: expected 12, got 5", {.groups = 3, .beta = five.beta});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.groups = 3, .eps = -1});
  refused(Code::shape, "channel_axis: expected an axis of rank 1, got 1", {.groups = 1}, {12});
}

TEST(GroupNorm, RefusesOneValuePerGroup) {
  const char* text = "x: expected more than one value per group, got 1";
  refused(Code::shape, text, {.groups = 12}, {5, 12});
  refused(Code::shape, text, {.groups = 12}, {5, 12, 1});
}

}  // namespace
}  // namespace poise::test
