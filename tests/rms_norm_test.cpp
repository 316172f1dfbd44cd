// RMS normalization: the oracle, and what the paper's formula promises beyond it.

#include <poise/rms_norm.h>

#include "expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const RmsNormOptions& o) {
  Parameters p;
  p.axes = o.axes;
  p.gamma_axes = o.gamma_axes;
  p.gamma = o.gamma;
  p.beta = o.beta;
  p.eps = o.eps;
  p.eps_place = o.eps_place;
  return p;
}

void expect_right(const TestTensor& x, const RmsNormOptions& options) {
  const DType type = x.view().dtype();
  const Dims sizes = x.view().sizes();
  const Dims kept = sizes_of(sizes, other_axes(positive(options.axes, sizes.size()), sizes.size()));
  TestTensor y(type, sizes), rstd(DType::f64, kept);
  rms_norm(y, x, options, {rstd});
  const Expected expected = oracle::rms_norm(x.read(), parameters_of(options));
  EXPECT_RIGHT(y, expected, roundings_of(active_target(), type, options.gamma));
  EXPECT_RIGHT(rstd, expected.results.at("rstd"), "rstd");
}

const Dims shape{5, 6, 7, 3};

TestTensor random_x(DType type = DType::f32, Layout layout = Layout::contiguous) {
  return TestTensor(type, random_values(shape, type, 31), layout);
}

TestTensor operand(const Dims& axes, std::uint64_t seed, DType type = DType::f32) {
  return TestTensor(type, random_values(sizes_of(shape, axes), type, seed));
}

TEST(RmsNorm, MatchesTheOracleInEveryTypeAndLayout) {
  const TestTensor gamma = operand({3}, 1), beta = operand({3}, 2);
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      expect_right(random_x(type, layout), {.gamma = gamma, .beta = beta});
    }
  }
}

TEST(RmsNorm, AnyAxesAndGammaAxes) {
  for (const Dims& axes : {Dims{0}, Dims{1}, Dims{-1}, Dims{2, 3}, Dims{1, 2, 3}, Dims{0, 1, 2, 3}}) {
    for (const Dims& gamma_axes : {Dims{1}, Dims{3}, Dims{3, 1}}) {
      SCOPED_TRACE("gamma " + gamma_axes.str() + " reduced " + axes.str());
      const TestTensor gamma = operand(gamma_axes, 3), beta = operand(gamma_axes, 4);
      expect_right(random_x(), {.axes = axes, .gamma_axes = gamma_axes, .gamma = gamma, .beta = beta});
    }
  }
}

TEST(RmsNorm, GammaAndBetaAreOptionalEachAndOfAnyType) {
  expect_right(random_x(), {});
  for (const DType type : floating_types) {
    const TestTensor gamma = operand({3}, 5, type);
    expect_right(random_x(), {.gamma = gamma});
    expect_right(random_x(), {.beta = gamma});
  }
}

TEST(RmsNorm, EveryEpsPlace) {
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const double eps : {0.0, 0.3, 100.0}) expect_right(random_x(), {.eps = eps, .eps_place = place});
  }
}

TEST(RmsNorm, AScaleOfXCancels) {
  const Array values = random_values(shape, DType::f32, 6);
  Array scaled = values;
  for (auto& v : scaled.values) v *= 8;
  const TestTensor x(DType::f32, scaled);
  TestTensor y(DType::f32, shape);
  rms_norm(y, x, {.eps = 64e-5});
  EXPECT_RIGHT(y, oracle::rms_norm(values, parameters_of({})));
}

TEST(RmsNorm, AShiftOfXDoesNotCancel) {
  const TestTensor x(DType::f32, random_values(shape, DType::f32, 7, 0, 1)),
      shifted(DType::f32, random_values(shape, DType::f32, 7, 100, 1));
  TestTensor y(DType::f32, shape), other(DType::f32, shape);
  rms_norm(y, x);
  rms_norm(other, shifted);
  EXPECT_NE(y.bits(), other.bits());
  // mean square of numbers near 100 is near 10^4, so every y is near 1.
  for (const Real v : other.read().values) EXPECT_NEAR(static_cast<double>(v), 1, 0.1);
}

TEST(RmsNorm, ARowOfZerosGivesBetaAlsoWithoutEps) {
  const TestTensor x(DType::f32, Array({4, 5})), beta(DType::f32, Array({5}, 0.7L));
  TestTensor y(DType::f32, Dims{4, 5});
  for (const double eps : {0.0, 1e-5}) {
    rms_norm(y, x, {.beta = beta, .eps = eps});
    EXPECT_TRUE(all_equal(y.read(), rounded(0.7L, DType::f32)));
  }
}

TEST(RmsNorm, LongRowsKeepTheBound) {
  for (const std::int64_t n : {768, 4096, 100003}) {
    expect_right(TestTensor(DType::f32, random_values({3, n}, DType::f32, 8)), {});
    expect_right(TestTensor(DType::f64, random_values({3, n}, DType::f64, 8)), {});
  }
}

void refused(Code code, const char* text, const RmsNormOptions& options) {
  const TestTensor x = random_x();
  TestTensor y(DType::f32, shape);
  EXPECT_REFUSES(code, std::string("[rms_norm] ") + text, rms_norm(y, x, options));
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32))) << text;
}

TEST(RmsNorm, RefusesWhatDoesNotFit) {
  const TestTensor gamma = operand({1}, 1);
  refused(Code::shape, "axes: expected an axis of rank 4, got 7", {.axes = {7}});
  refused(Code::shape, "axes: expected axes without repeats, got 0 twice", {.axes = {0, 1, 0}});
  refused(Code::usage, "axes: expected at least one reduced axis, got none", {.axes = {}});
  refused(Code::shape, "gamma_axes: expected an axis of rank 4, got 4", {.gamma_axes = {4}});
  refused(Code::shape, "gamma: expected 3, got 6", {.gamma = gamma});
  refused(Code::shape, "beta: expected 3, got 6", {.beta = gamma});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
}

}  // namespace
}  // namespace poise::test
