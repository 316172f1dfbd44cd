// Layer normalization: the oracle, and what the paper's formula promises beyond it.

#include <poise/layer_norm.h>

#include <cmath>

#include "expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const LayerNormOptions& o) {
  Parameters p;
  p.axes = o.axes;
  p.gamma_axes = o.gamma_axes;
  p.gamma = o.gamma;
  p.beta = o.beta;
  p.eps = o.eps;
  p.eps_place = o.eps_place;
  p.divisor = o.divisor;
  return p;
}

void expect_right(const TestTensor& x, const LayerNormOptions& options, Layout y_layout = Layout::contiguous) {
  const DType type = x.view().dtype();
  const Dims sizes = x.view().sizes();
  const Dims kept = sizes_of(sizes, other_axes(positive(options.axes, sizes.size()), sizes.size()));
  TestTensor y(type, sizes, y_layout), mean(DType::f64, kept), rstd(DType::f64, kept);
  layer_norm(y, x, options, {mean, rstd});
  const Expected expected = oracle::layer_norm(x.read(), parameters_of(options));
  EXPECT_RIGHT(y, expected, roundings_of(active_target(), type, options.gamma));
  EXPECT_RIGHT(mean, expected.results.at("mean"), "mean");
  EXPECT_RIGHT(rstd, expected.results.at("rstd"), "rstd");
}

const Dims shape{5, 6, 7, 3};

TestTensor random_x(DType type = DType::f32, Layout layout = Layout::contiguous) {
  return TestTensor(type, random_values(shape, type, 21), layout);
}

struct AlongAxes {
  AlongAxes(const Dims& axes, DType type = DType::f32)
      : gamma(type, random_values(sizes_of(shape, axes), type, 1, 1, 0.5)),
        beta(type, random_values(sizes_of(shape, axes), type, 2, 0, 1)) {}
  TestTensor gamma, beta;
};

TEST(LayerNorm, MatchesTheOracleInEveryTypeAndLayout) {
  const AlongAxes a({3});
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      expect_right(random_x(type, layout), {.gamma = a.gamma, .beta = a.beta});
    }
  }
}

TEST(LayerNorm, AnyAxesWithGammaAlongThem) {
  for (const Dims& axes : {Dims{0}, Dims{1}, Dims{2}, Dims{3}, Dims{2, 3}, Dims{3, 2}, Dims{1, 2, 3}, Dims{3, 1},
                           Dims{0, 2}, Dims{0, 1, 2, 3}}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::sliced}) {
      SCOPED_TRACE(axes.str() + " " + name_of(layout));
      const AlongAxes a(axes);
      expect_right(random_x(DType::f32, layout), {.axes = axes, .gamma = a.gamma, .beta = a.beta}, layout);
    }
  }
}

TEST(LayerNorm, GammaAxesAreIndependentOfTheReducedAxes) {
  for (const Dims& gamma_axes : {Dims{1}, Dims{2}, Dims{3}, Dims{1, 3}, Dims{3, 1}, Dims{0, 1}}) {
    for (const Dims& axes : {Dims{1, 2, 3}, Dims{-1}, Dims{1}}) {
      SCOPED_TRACE("gamma " + gamma_axes.str() + " reduced " + axes.str());
      const AlongAxes a(gamma_axes);
      expect_right(random_x(), {.axes = axes, .gamma_axes = gamma_axes, .gamma = a.gamma, .beta = a.beta});
    }
  }
}

TEST(LayerNorm, GammaAndBetaAreOptionalEach) {
  const AlongAxes a({3});
  expect_right(random_x(), {});
  expect_right(random_x(), {.gamma = a.gamma});
  expect_right(random_x(), {.beta = a.beta});
}

TEST(LayerNorm, GammaAndBetaMayHaveAnotherType) {
  for (const DType operand : floating_types) {
    const AlongAxes a({2, 3}, operand);
    for (const DType type : floating_types) {
      SCOPED_TRACE(std::string(name_of(type)) + " with gamma " + name_of(operand));
      expect_right(random_x(type), {.axes = {2, 3}, .gamma = a.gamma, .beta = a.beta});
    }
  }
}

TEST(LayerNorm, StridedGammaAndBeta) {
  const Array values = random_values({7, 3}, DType::f32, 3);
  for (const Layout layout : all_layouts) {
    SCOPED_TRACE(name_of(layout));
    const TestTensor gamma(DType::f32, values, layout), beta(DType::f32, values, layout);
    expect_right(random_x(), {.axes = {2, 3}, .gamma = gamma, .beta = beta});
  }
}

TEST(LayerNorm, EveryEpsPlaceAndDivisor) {
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
      for (const double eps : {0.0, 1e-12, 0.3, 100.0}) {
        expect_right(random_x(), {.axes = {1, 2, 3}, .eps = eps, .eps_place = place, .divisor = divisor});
      }
    }
  }
}

TEST(LayerNorm, ARowOfOneValueGivesBeta) {
  const Array values = random_values({9, 1}, DType::f32, 4);
  const TestTensor x(DType::f32, values), beta(DType::f32, Array({1}, 0.7L));
  TestTensor y(DType::f32, values.sizes);
  layer_norm(y, x, {.beta = beta});
  EXPECT_TRUE(all_equal(y.read(), rounded(0.7L, DType::f32)));
}

TEST(LayerNorm, TheMapCancelsShiftAndScaleOfARow) {
  // Rows of multiples of 1/8 below 16: 4x + 96 is stored exactly; eps scales
  // by 16.
  Array values = random_values(shape, DType::f32, 5);
  for (auto& v : values.values) v = std::nearbyint(v * 8) / 8;
  Array moved = values;
  for (auto& v : moved.values) v = 4 * v + 96;
  const TestTensor x(DType::f32, moved);
  TestTensor y(DType::f32, shape);
  layer_norm(y, x, {.axes = {2, 3}, .eps = 16e-5});
  EXPECT_RIGHT(y, oracle::layer_norm(values, parameters_of({.axes = {2, 3}})));
}

TEST(LayerNorm, ATurnedTensorWithTurnedAxesIsTheSame) {
  // The transposed layout of (5, 6, 7, 3) is the contiguous layout of (3, 7, 6, 5): same memory, axes mirrored.
  const TestTensor x = random_x(DType::f32, Layout::transposed);
  const Dims turned{3, 7, 6, 5};
  TestTensor y(DType::f32, shape, Layout::transposed), other(DType::f32, turned);
  layer_norm(y, x, {.axes = {1, 2}});
  layer_norm(other, ConstTensorView(x.view().data(), DType::f32, turned), {.axes = {2, 1}});
  EXPECT_EQ(read(ConstTensorView(y.view().data(), DType::f32, turned)).values, other.read().values);
}

TEST(LayerNorm, AnyRank) {
  for (const Dims& sizes : {Dims{70}, Dims{2, 3, 2, 3, 2, 3, 2, 5}}) {
    SCOPED_TRACE(sizes.str());
    expect_right(TestTensor(DType::f32, random_values(sizes, DType::f32, 6)), {});
    expect_right(TestTensor(DType::f32, random_values(sizes, DType::f32, 6), Layout::sliced), {});
  }
}

TEST(LayerNorm, LongRowsKeepTheBound) {
  for (const std::int64_t n : {768, 4096, 16384, 100003}) {
    expect_right(TestTensor(DType::f32, random_values({3, n}, DType::f32, 7, 3, 0.1)), {});
    expect_right(TestTensor(DType::f64, random_values({3, n}, DType::f64, 7, 3, 0.1)), {});
  }
}

TEST(LayerNorm, OutliersAtTheStartDoNotSpoilTheStatistics) {
  // A pivot taken from the first elements would sit far outside the others.
  Array values = random_values({8, 768}, DType::f32, 8, 0, 0.1);
  for (std::size_t row = 0; row < 8; ++row) {
    for (const std::size_t i : {0U, 1U, 192U, 384U, 576U, 767U}) values[row * 768 + i] = row % 2 == 0 ? 1000 : -3e6L;
  }
  expect_right(TestTensor(DType::f32, values), {});
  expect_right(TestTensor(DType::f64, values), {});
}

void refused(Code code, const char* text, const LayerNormOptions& options, const Dims& sizes = shape) {
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1));
  TestTensor y(DType::f32, sizes);
  EXPECT_REFUSES(code, std::string("[layer_norm] ") + text, layer_norm(y, x, options));
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32))) << text;
}

// A constant in the place of gamma has to be as wide as what the loops read at once.
TEST(LayerNorm, GradientsWithoutGammaAreThoseOfOnes) {
  for (const DType type : floating_types) {
    for (const std::int64_t length : {5, 33, 67, 129, 1025, 4704}) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + std::to_string(length));
      const Dims sizes{9, length};
      const TestTensor x(type, random_values(sizes, type, 21)), dy(type, random_values(sizes, type, 22));
      const TestTensor ones(type, Array({length}, 1));
      TestTensor dx(type, sizes), dgamma(DType::f64, Dims{length}), dbeta(DType::f64, Dims{length});
      TestTensor dx_of_ones(type, sizes), dgamma_of_ones(DType::f64, Dims{length}),
          dbeta_of_ones(DType::f64, Dims{length});
      layer_norm_backward({.dx = dx, .dgamma = dgamma, .dbeta = dbeta}, dy, x, {}, {.axes = {1}});
      layer_norm_backward({.dx = dx_of_ones, .dgamma = dgamma_of_ones, .dbeta = dbeta_of_ones}, dy, x, {},
                          {.axes = {1}, .gamma = ones});
      EXPECT_EQ(dx.bits(), dx_of_ones.bits());
      EXPECT_EQ(dgamma.bits(), dgamma_of_ones.bits());
      EXPECT_EQ(dbeta.bits(), dbeta_of_ones.bits());
    }
  }
}

TEST(LayerNorm, RefusesAxesThatDoNotFit) {
  refused(Code::shape, "axes: expected an axis of rank 4, got 4", {.axes = {4}});
  refused(Code::shape, "axes: expected axes without repeats, got 3 twice", {.axes = {-1, 3}});
  refused(Code::usage, "axes: expected at least one reduced axis, got none", {.axes = {}});
  refused(Code::shape, "gamma_axes: expected an axis of rank 4, got -5", {.gamma_axes = {-5}});
  refused(Code::shape, "gamma_axes: expected axes without repeats, got 1 twice", {.gamma_axes = {1, 1}});
}

TEST(LayerNorm, RefusesGammaAndBetaOfAnotherShape) {
  const AlongAxes a({2, 3});
  refused(Code::shape, "gamma: expected 3, got 7x3", {.gamma = a.gamma});
  refused(Code::shape, "beta: expected 3x7, got 7x3", {.axes = {3, 2}, .beta = a.beta});
  refused(Code::shape, "gamma: expected 6, got 7x3", {.gamma_axes = {1}, .gamma = a.gamma});
}

TEST(LayerNorm, RefusesNumbersOutOfRange) {
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
  refused(Code::shape, "divisor: expected population where a row has one value, got sample",
          {.divisor = Divisor::sample}, {6, 1});
}

}  // namespace
}  // namespace poise::test
