// Ghost batch normalization: batch norm of each ghost batch, one after the other.

#include <poise/batch_norm.h>
#include <poise/ghost_batch_norm.h>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "ghost_batch_norm";
const Dims shape{6, 5, 7, 3}, channels{5};

// The table's row through `suited` keeps a ghost size of at most 2; these call it as it is.
void expect_right(const char* variant, const Dims& sizes) {
  const Technique& technique = technique_named(name);
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(variant) + " " + name_of(type) + " " + name_of(layout));
      Parameters p = parameters_of(variant);
      const Operands operands(technique, sizes, DType::f32, p);
      const TestTensor x(type, random_values(sizes, type, 1), layout), dy(type, random_values(sizes, type, 2));
      const Outcome outcome = run(technique, x, {type}, p);
      EXPECT_RIGHT(outcome, oracle::ghost_batch_norm(x.read(), p), roundings);
      Context context;
      EXPECT_EQ(difference(run_backward(technique, dy, x, {type}, p, views(outcome.results), context),
                           backward_oracle_named(name)(x.read(), dy.read(), p)),
                "");
    }
  }
}

TEST(GhostBatchNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"ghost_size=1", "ghost_size=2", "ghost_size=3", "ghost_size=6",
                              "ghost_size=3:channel_axes=-1:eps=0.3:eps_place=floor:divisor=sample:momentum=0.4"}) {
    expect_right(variant, shape);
  }
  expect_right("ghost_size=4", {8, 6});
}

TEST(GhostBatchNorm, GradientsAreTheDerivative) {
  expect_gradients(name, "ghost_size=2", {4, 3, 3});
  expect_gradients(name, "ghost_size=1:channel_axes=2:eps=0.2:divisor=sample", {3, 4, 2});
}

// The paper's algorithm: batch norm of each ghost batch, the running statistics updated by one after the other.
TEST(GhostBatchNorm, EachGhostBatchIsABatch) {
  const Array values = random_values(shape, DType::f64, 3, 5, 2);
  const TestTensor x(DType::f64, values), gamma(DType::f64, random_values(channels, DType::f64, 4));
  TestTensor y(DType::f64, shape), mean(DType::f64, Array(channels, 1)), var(DType::f64, Array(channels, 2));
  const TestTensor old_mean(DType::f64, mean.read()), old_var(DType::f64, var.read());
  ghost_batch_norm(y, x,
                   {.ghost_size = 2, .gamma = gamma, .running_mean = old_mean, .running_var = old_var, .momentum = 0.3},
                   {.running_mean = mean, .running_var = var});
  TestTensor mean_in_turn(DType::f64, old_mean.read()), var_in_turn(DType::f64, old_var.read());
  const Array got = y.read();
  for (std::size_t ghost = 0; ghost < 3; ++ghost) {
    Array part(Dims{2, 5, 7, 3}, 0, DType::f64);
    std::copy_n(values.values.begin() + static_cast<std::ptrdiff_t>(ghost * part.size()), part.size(),
                part.values.begin());
    TestTensor of_part(DType::f64, part.sizes);
    batch_norm(of_part, TestTensor(DType::f64, part),
               {.gamma = gamma, .running_mean = mean_in_turn, .running_var = var_in_turn, .momentum = 0.3},
               {.running_mean = mean_in_turn, .running_var = var_in_turn});
    const Array expected = of_part.read();
    for (std::size_t i = 0; i < part.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(got[ghost * part.size() + i]), static_cast<double>(expected[i]), 1e-13);
    }
  }
  for (std::size_t c = 0; c < 5; ++c) {
    EXPECT_NEAR(static_cast<double>(mean.read()[c]), static_cast<double>(mean_in_turn.read()[c]), 1e-14);
    EXPECT_NEAR(static_cast<double>(var.read()[c]), static_cast<double>(var_in_turn.read()[c]), 1e-14);
  }
}

TEST(GhostBatchNorm, NoSamplesKeepTheRunningStatistics) {
  const TestTensor x(DType::f32, Dims{0, 5, 7}), old(DType::f32, random_values(channels, DType::f32, 1));
  TestTensor y(DType::f32, Dims{0, 5, 7}), mean(DType::f32, channels), var(DType::f32, channels);
  ghost_batch_norm(y, x, {.running_mean = old, .running_var = old}, {.running_mean = mean, .running_var = var});
  EXPECT_EQ(mean.bits(), old.bits());
  EXPECT_EQ(var.bits(), old.bits());
}

TEST(GhostBatchNorm, RefusesWhatDoesNotFit) {
  const TestTensor six(DType::f32, Dims{6});
  const auto refused = [](Code code, const char* text, const GhostBatchNormOptions& o, const Dims& sizes = shape) {
    expect_refused(name, code, text, sizes, [&](TensorView y, ConstTensorView x) { ghost_batch_norm(y, x, o); });
  };
  refused(Code::shape, "ghost_size: expected a divisor of 6 samples, got 32", {});
  refused(Code::shape, "ghost_size: expected a divisor of 6 samples, got 4", {.ghost_size = 4});
  refused(Code::shape, "ghost_size: expected a divisor of 6 samples, got 0", {.ghost_size = 0});
  refused(Code::shape, "x: expected more than one value per ghost batch and channel, got 1", {.ghost_size = 1}, {6, 5});
  refused(Code::shape, "channel_axis: expected axes without repeats, got 0 twice",
          {.ghost_size = 2, .channel_axis = 0});
  refused(Code::shape, "gamma: expected 5, got 6", {.ghost_size = 2, .gamma = six});
  refused(Code::shape, "running_mean: expected 5, got 6", {.ghost_size = 2, .running_mean = six, .running_var = six});
  refused(Code::usage, "momentum: expected a number from 0 to 1, got -1", {.ghost_size = 2, .momentum = -1});
}

}  // namespace
}  // namespace poise::test
