// Batch renormalization: between batch norm and what evaluation does.

#include <poise/batch_norm.h>
#include <poise/batch_renorm.h>

#include <cmath>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "batch_renorm";
const Dims shape{5, 6, 7, 3}, channels{6};

struct Statistics {
  TestTensor mean{DType::f32, random_values(channels, DType::f32, 1, 0.4, 0.3)};
  TestTensor var{DType::f32, Array(channels, 3)};
};

TEST(BatchRenorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "r_max=1:d_max=0", "r_max=1.5:d_max=0.2", "r_max=1000:d_max=1000",
                              "channel_axes=2,0:eps=0.3:eps_place=outside:divisor=sample:momentum=0.3"}) {
    expect_right_everywhere(name, variant, shape);
  }
}

// The corrections are constants for the gradient; so they are for the derivative where they are clipped.
TEST(BatchRenorm, GradientsAreTheDerivative) {
  for (const char* variant : {"r_max=1:d_max=0", "r_max=1.01:d_max=0.001"}) expect_gradients(name, variant, {3, 4, 5});
}

TEST(BatchRenorm, HeldToOneAndZeroItIsBatchNorm) {
  const Statistics s;
  const TestTensor x(DType::f32, random_values(shape, DType::f32, 2)),
      gamma(DType::f32, random_values(channels, DType::f32, 3));
  TestTensor y(DType::f32, shape), z(DType::f32, shape), mean(DType::f32, channels), var(DType::f32, channels),
      other_mean(DType::f32, channels), other_var(DType::f32, channels);
  batch_renorm(y, x, {.gamma = gamma, .running_mean = s.mean, .running_var = s.var, .r_max = 1, .d_max = 0},
               {.running_mean = mean, .running_var = var});
  batch_norm(z, x, {.gamma = gamma, .running_mean = s.mean, .running_var = s.var},
             {.running_mean = other_mean, .running_var = other_var});
  EXPECT_EQ(y.bits(), z.bits());
  EXPECT_EQ(mean.bits(), other_mean.bits());
  EXPECT_EQ(var.bits(), other_var.bits());
}

// The paper's identity: (x - mean)/sd * r + d = (x - running mean)/running sd, where nothing is clipped.
TEST(BatchRenorm, UnclippedItIsEvaluation) {
  const Statistics s;
  const Array values = random_values(shape, DType::f32, 4);
  const TestTensor x(DType::f32, values);
  TestTensor y(DType::f32, shape);
  batch_renorm(y, x, {.running_mean = s.mean, .running_var = s.var, .r_max = 1e6, .d_max = 1e6});
  Parameters p;
  p.running_mean = s.mean;
  p.running_var = s.var;
  p.r_max = p.d_max = 1e6;
  const Expected e = oracle::batch_renorm(values, p);
  p.mode = BatchNormMode::evaluation;
  const Expected evaluation = oracle::batch_norm(values, p);
  const Array got = y.read();
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_LE(std::fabs(got[i] - evaluation.y[i]), map_bound(DType::f32, e.t[i], e.shift[i], e.growth[i]));
  }
}

TEST(BatchRenorm, CorrectionsByNumber) {
  const TestTensor x(DType::f64, array_of({2, 2}, {1, 1, 3, 3}));
  const TestTensor mean(DType::f64, array_of({2}, {1, 100})), var(DType::f64, array_of({2}, {4, 0.01}));
  TestTensor y(DType::f64, Dims{2, 2}), r(DType::f64, Dims{2}), d(DType::f64, Dims{2});
  batch_renorm(y, x, {.running_mean = mean, .running_var = var, .eps = 0}, {.scale = r, .shift = d});
  EXPECT_EQ(r.read().values, (std::vector<Real>{0.5, 3}));
  EXPECT_EQ(d.read().values, (std::vector<Real>{0.5, -5}));
  EXPECT_EQ(y.read().values, (std::vector<Real>{0, -8, 1, -2}));
}

// Saved corrections count, not those that new running statistics would give.
TEST(BatchRenorm, BackwardTakesTheSavedCorrections) {
  const Statistics s;
  const TestTensor x(DType::f64, random_values(shape, DType::f64, 5)),
      dy(DType::f64, random_values(shape, DType::f64, 6));
  TestTensor y(DType::f64, shape), before(DType::f64, shape), after(DType::f64, shape);
  TestTensor mean(DType::f64, channels), rstd(DType::f64, channels), r(DType::f64, channels), d(DType::f64, channels);
  const BatchRenormOptions o{.running_mean = s.mean, .running_var = s.var};
  const BatchRenormResults saved{mean, rstd, r, d, {}, {}};
  batch_renorm(y, x, o, saved);
  batch_renorm_backward({.dx = before}, dy, x, saved, o);
  const TestTensor moved(DType::f32, Array(channels, 7));
  batch_renorm_backward({.dx = after}, dy, x, saved, {.running_mean = moved, .running_var = moved});
  EXPECT_EQ(before.bits(), after.bits());
}

TEST(BatchRenorm, NoSamplesKeepTheRunningStatistics) {
  const Statistics s;
  const TestTensor x(DType::f32, Dims{0, 6, 7});
  TestTensor y(DType::f32, Dims{0, 6, 7}), mean(DType::f32, channels), var(DType::f32, channels);
  batch_renorm(y, x, {.running_mean = s.mean, .running_var = s.var}, {.running_mean = mean, .running_var = var});
  EXPECT_EQ(mean.bits(), s.mean.bits());
  EXPECT_EQ(var.bits(), s.var.bits());
}

TEST(BatchRenorm, RefusesWhatDoesNotFit) {
  const Statistics s;
  const TestTensor five(DType::f32, Dims{5});
  const auto refused = [](Code code, const char* text, const BatchRenormOptions& o, const Dims& sizes = shape) {
    expect_refused(name, code, text, sizes, [&](TensorView y, ConstTensorView x) { batch_renorm(y, x, o); });
  };
  refused(Code::usage, "running_mean, running_var: expected both, got none", {});
  refused(Code::usage, "running_mean, running_var: expected both, got none", {.running_mean = s.mean});
  BatchRenormOptions o{.running_mean = s.mean, .running_var = s.var};
  refused(Code::shape, "x: expected more than one value per channel, got 1", o, {1, 6, 1});
  o.gamma = five;
  refused(Code::shape, "gamma: expected 6, got 5", o);
  o = {.running_mean = five, .running_var = s.var};
  refused(Code::shape, "running_mean: expected 6, got 5", o);
  o = {.running_mean = s.mean, .running_var = s.var, .r_max = 0.9};
  refused(Code::usage, "r_max: expected a number of at least 1, got 0.9", o);
  o = {.running_mean = s.mean, .running_var = s.var, .d_max = -1};
  refused(Code::usage, "d_max: expected a number of at least 0, got -1", o);
  o = {.running_mean = s.mean, .running_var = s.var, .momentum = 1.5};
  refused(Code::usage, "momentum: expected a number from 0 to 1, got 1.5", o);
}

}  // namespace
}  // namespace poise::test
