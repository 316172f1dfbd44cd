// Masks: what is masked enters nothing but its own place, forward and backward, in every technique that takes one.

#include <poise/poise.h>

#include <cmath>
#include <limits>

#include "backward_problem.h"

namespace poise::test {
namespace {

constexpr Masked modes[] = {Masked::keep, Masked::zero, Masked::normalize};

std::vector<const Technique*> rows() {
  std::vector<const Technique*> result;
  for (const Technique& t : techniques()) {
    if (takes(t, "mask") && oracle_named(t.name) != nullptr) result.push_back(&t);
  }
  return result;
}

class MaskTest : public ::testing::TestWithParam<const Technique*> {
 protected:
  const Technique& technique() const { return *GetParam(); }
  Parameters parameters(Masked masked = Masked::zero) const {
    Parameters p;
    if (takes(technique(), "groups")) p.groups = 2;
    if (takes(technique(), "axes")) p.axes = {1, 2, 3};
    p.masked = masked;
    return p;
  }
  bool has_backward() const {
    return technique().run_backward != nullptr && backward_oracle_named(technique().name) != nullptr;
  }
};
INSTANTIATE_TEST_SUITE_P(EveryTechnique, MaskTest, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST_P(MaskTest, MatchesTheOracleInEveryTypeAndLayout) {
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      for (const Masked masked : modes) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " " +
                     std::to_string(static_cast<int>(masked)));
        Parameters p = parameters(masked);
        const Operands mask(technique(), backward_shape, DType::u8, p, {"mask"});
        const Layout out = layout == Layout::broadcast ? Layout::contiguous : layout;
        const BackwardProblem problem(technique(), p, random_x(backward_shape, type), random_dy(backward_shape, type),
                                      {layout, layout, out});
        const Expected expected = oracle_named(technique().name)(problem.x.read(), problem.p);
        EXPECT_RIGHT(problem.forward, expected, roundings);
        if (!has_backward()) continue;
        EXPECT_EQ(problem.verdict(), "");
        EXPECT_EQ(difference(problem.run(default_context(), {}), problem.expected()), "") << "nothing saved";
      }
    }
  }
}

TEST_P(MaskTest, GivenStatisticsAreMaskedToo) {
  if (!takes(technique(), "running_mean")) GTEST_SKIP() << "has no running statistics";
  for (const Masked masked : modes) {
    Parameters p = parameters(masked);
    p.mode = BatchNormMode::evaluation;
    const Operands mask(technique(), backward_shape, DType::u8, p, {"mask"});
    const BackwardProblem problem(technique(), p, random_x(backward_shape), random_dy(backward_shape));
    EXPECT_RIGHT(problem.forward, oracle_named(technique().name)(problem.x.read(), problem.p), roundings);
    if (!has_backward()) continue;
    EXPECT_EQ(problem.verdict(), "");
  }
}

// A mask of lengths is the tensor cut there.
TEST_P(MaskTest, MaskedPositionsAreAsIfTheyWereNotThere) {
  const Dims sizes{4, 6, 5, 7}, cut{4, 6, 5, 4};
  const Array x = random_x(sizes);
  Array mask(sizes, 0, DType::u8), short_x(cut);
  std::size_t i = 0, kept = 0;
  for_each_index(sizes, [&](const Dims& index) {
    if (index[3] < cut[3]) {
      mask[i] = 1;
      short_x[kept++] = x[i];
    }
    ++i;
  });
  const TestTensor valid(DType::u8, mask);
  Parameters p = parameters();
  const Array y_short = run(technique(), TestTensor(DType::f32, short_x), {DType::f32}, p).y.read();
  const Expected expected = oracle_named(technique().name)(short_x, p);
  p.mask = valid;
  const Array y = run(technique(), TestTensor(DType::f32, x), {DType::f32}, p).y.read();
  kept = 0;
  for (i = 0; i < y.size(); ++i) {
    if (mask[i] == 0) {
      ASSERT_EQ(y[i], 0);
      continue;
    }
    const Real bound = map_bound(DType::f32, expected.t[kept], expected.shift[kept], expected.growth[kept]);
    ASSERT_LE(std::fabs(y[i] - y_short[kept]), 2 * bound) << i;
    ++kept;
  }
}

TEST_P(MaskTest, WhatIsMaskedMayHoldAnything) {
  for (const Masked masked : modes) {
    Parameters p = parameters(masked);
    const Operands memory(technique(), backward_shape, DType::u8, p, {"mask"});
    const Array mask = read(p.mask);
    const Array x = random_x(backward_shape), dy = random_dy(backward_shape);
    Array bad_x = x, bad_dy = dy;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (mask[i] == 0) bad_x[i] = bad_dy[i] = i % 2 == 0 ? std::numeric_limits<Real>::quiet_NaN() : 1e30L;
    }
    const BackwardProblem clean(technique(), p, x, dy), bad(technique(), p, bad_x, bad_dy);
    const auto same = [&](const Array& a, const Array& b, const Array& own) {
      for (std::size_t i = 0; i < a.size(); ++i) {
        const bool right = mask[i] != 0             ? a[i] == b[i]
                           : masked == Masked::zero ? b[i] == 0
                           : masked == Masked::keep ? b[i] == own[i] || std::isnan(own[i])
                                                    : true;
        ASSERT_TRUE(right) << i;
      }
    };
    same(clean.forward.y.read(), bad.forward.y.read(), bad.x.read());
    for (const auto& [name, result] : clean.forward.results) {
      EXPECT_EQ(result.bits(), bad.forward.results.find(name)->second.bits()) << name;
    }
    if (!has_backward()) continue;
    const BackwardOutcome of_clean = clean.run(), of_bad = bad.run();
    same(of_clean.dx.read(), of_bad.dx.read(), bad.dy.read());
    for (const auto& [name, gradient] : of_clean.gradients) {
      EXPECT_EQ(gradient.bits(), of_bad.gradients.find(name)->second.bits()) << name;
    }
  }
}

TEST_P(MaskTest, AMaskMayBeBroadcast) {
  const Dims sizes{4, 6, 5, 7};
  const TestTensor of_positions(DType::u8, [] {
    Array mask(Dims{5, 7}, 1, DType::u8);
    for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
    return mask;
  }());
  const ConstTensorView broadcast(of_positions.view().data(), DType::u8, sizes, Dims{0, 0, 7, 1});
  const TestTensor whole(DType::u8, read(broadcast));
  Parameters p = parameters(Masked::keep), q = p;
  p.mask = broadcast;
  q.mask = whole;
  const TestTensor x(DType::f32, random_x(sizes));
  const Outcome a = run(technique(), x, {DType::f32}, p), b = run(technique(), x, {DType::f32}, q);
  EXPECT_SAME_BITS(a, b);
  EXPECT_RIGHT(a, oracle_named(technique().name)(x.read(), p), roundings);
}

TEST_P(MaskTest, TheNumberOfThreadsChangesNoBit) {
  const Dims sizes{4, 6, 67, 67};
  for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
    Parameters p = parameters();
    const Operands mask(technique(), sizes, DType::u8, p, {"mask"});
    const BackwardProblem problem(technique(), p, random_x(sizes), random_dy(sizes), {layout, layout, layout});
    Context one, three;
    one.threads = 1;
    three.threads = 3;
    const Placed y{DType::f32, layout};
    EXPECT_SAME_BITS(run(technique(), problem.x, y, problem.p, one), run(technique(), problem.x, y, problem.p, three));
    if (!has_backward()) continue;
    const auto bits = problem.run(one, problem.saved()).bits();
    EXPECT_EQ(different_bits(bits, problem.run(three, problem.saved())), "");
  }
}

TEST_P(MaskTest, RefusesWhatIsNoMask) {
  const std::string name = technique().name;
  const TestTensor x(DType::f32, random_x(backward_shape));
  TestTensor y(DType::f32, backward_shape);
  const TestTensor other_shape(DType::u8, Array(Dims{4, 6, 5, 6}, 1)), other_type(DType::f32, backward_shape);
  Parameters p = parameters();
  p.mask = other_shape;
  EXPECT_REFUSES(Code::shape, "[" + name + "] mask: expected 4x6x5x7, got 4x6x5x6",
                 technique().run(y, x, p, {}, default_context()));
  p.mask = other_type;
  EXPECT_REFUSES(Code::usage, "[" + name + "] mask: expected u8, got f32",
                 technique().run(y, x, p, {}, default_context()));
}

}  // namespace
}  // namespace poise::test
