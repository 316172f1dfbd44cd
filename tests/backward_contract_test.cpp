// What every backward pass promises beyond its numbers: the same bits, and nothing touched that is not its own.

#include <poise/technique.h>

#include <cmath>
#include <limits>
#include <set>

#include "backward_problem.h"

namespace poise::test {
namespace {

using BackwardContract = BackwardTest;
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackwardContract);
INSTANTIATE_TEST_SUITE_P(EveryTechnique, BackwardContract, ::testing::ValuesIn(backward_rows()),
                         [](const auto& row) { return name_of(row); });

constexpr Layout two_layouts[] = {Layout::contiguous, Layout::channels_last};

TEST_P(BackwardContract, TheNumberOfThreadsChangesNoBit) {
  for (const DType type : {DType::f32, DType::f64, DType::bf16}) {
    for (const Dims& sizes : {Dims{4, 6, 67, 67}, Dims{1, 6, 129, 97}, Dims{2001, 6, 7}}) {
      for (const Layout layout : two_layouts) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + sizes.str() + " " + name_of(layout));
        const BackwardProblem problem(technique(), parameters(), random_x(sizes, type), random_dy(sizes, type),
                                      {layout, layout, layout});
        std::map<std::string, std::vector<std::byte>, std::less<>> bits;
        std::set<int> used;
        for (const int threads : {1, 2, 3, 5}) {
          Context context;
          context.threads = threads;
          const BackwardOutcome outcome = problem.run(context, problem.saved());
          used.insert(context.threads_used());
          if (threads == 1) bits = outcome.bits();
          EXPECT_EQ(different_bits(bits, outcome), "") << threads;
        }
        EXPECT_GT(used.size(), 1U);
      }
    }
  }
}

TEST_P(BackwardContract, InPlaceGivesTheSameBits) {
  for (const DType type : floating_types) {
    for (const Layout layout : layouts_to_write) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      const BackwardProblem problem(technique(), parameters(), random_x(backward_shape, type),
                                    random_dy(backward_shape, type), {Layout::contiguous, layout, layout});
      const auto apart = problem.run().bits();
      BackwardOutcome in_place{
          TestTensor(type, problem.dy.read(), layout),
          gradient_memory(technique(), backward_shape, type == DType::f64 ? DType::f64 : DType::f32, problem.p)};
      technique().run_backward(views(in_place), in_place.dx, problem.x, problem.p, problem.saved(), default_context());
      EXPECT_EQ(different_bits(apart, in_place), "");
      EXPECT_TRUE(in_place.dx.sentinels_intact());
    }
  }
}

TEST_P(BackwardContract, EachGradientMayBeAbsent) {
  for (const Layout layout : two_layouts) {
    const BackwardProblem problem(technique(), parameters(), random_x(backward_shape), random_dy(backward_shape),
                                  {layout, layout, layout});
    const auto all = problem.run().bits();
    for (int asked = 0; asked < 16; ++asked) {
      SCOPED_TRACE(std::string(name_of(layout)) + " " + std::to_string(asked));
      const BackwardOutcome some =
          problem.run({(asked & 1) != 0, (asked & 2) != 0, (asked & 4) != 0, (asked & 8) != 0});
      EXPECT_EQ(different_bits(all, some), "");
    }
  }
}

TEST_P(BackwardContract, NeitherAlignmentNorStorePolicyChangesABit) {
  for (const DType type : {DType::f32, DType::f16}) {
    for (const Layout layout : two_layouts) {
      const BackwardProblem problem(technique(), parameters(), random_x(backward_shape, type),
                                    random_dy(backward_shape, type), {layout, layout, layout});
      const auto bits = problem.run().bits();
      for (const int off : {0, 1, 3, 7}) {
        for (const StorePolicy store : {StorePolicy::cached, StorePolicy::streaming}) {
          SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " off " + std::to_string(off));
          const TestTensor x(type, problem.x.read(), layout, TestTensor::Role::input, off);
          const TestTensor dy(type, problem.dy.read(), layout, TestTensor::Role::input, 2 * off);
          Context context;
          context.store = store;
          const auto outcome =
              run_backward(technique(), dy, x, {type, layout, off}, problem.p, problem.saved(), context);
          EXPECT_EQ(different_bits(bits, outcome), "");
          EXPECT_TRUE(outcome.dx.sentinels_intact());
        }
      }
    }
  }
}

TEST_P(BackwardContract, OperandsSavedAndGradientsMayBeStrided) {
  const BackwardProblem problem(technique(), parameters(), random_x(backward_shape), random_dy(backward_shape));
  const auto dense = problem.run().bits();
  Parameters p = problem.p;
  std::map<std::string, TestTensor> memory;
  const auto restride = [&](const std::string& name, auto& view, Layout layout) {
    if (!view.present()) return;
    const auto at = memory.emplace(name, TestTensor(view.dtype(), read(view), layout)).first;
    view = at->second.view();
  };
  restride("gamma", p.gamma, Layout::reversed), restride("beta", p.beta, Layout::stepped);
  restride("running_mean", p.running_mean, Layout::reversed), restride("running_var", p.running_var, Layout::stepped);
  restride("mask", p.mask, Layout::sliced);
  restride("style_mean", p.style_mean, Layout::sliced), restride("style_std", p.style_std, Layout::stepped);
  Results saved = problem.saved();
  restride("norm", saved.norm, Layout::stepped), restride("scale", saved.scale, Layout::reversed);
  restride("mean", saved.mean, Layout::sliced), restride("rstd", saved.rstd, Layout::reversed);
  BackwardOutcome strided{TestTensor(DType::f32, backward_shape), {}};
  for (const auto& [name, gradient] : problem.run().gradients) {
    strided.gradients.emplace(name, TestTensor(DType::f32, gradient.view().sizes(), Layout::sliced));
  }
  technique().run_backward(views(strided), problem.dy, problem.x, p, saved, default_context());
  EXPECT_EQ(different_bits(dense, strided), "");
  for (const auto& [name, gradient] : strided.gradients) EXPECT_TRUE(gradient.sentinels_intact()) << name;
}

TEST_P(BackwardContract, NothingButTheGradientsIsWritten) {
  const BackwardProblem problem(technique(), parameters(), random_x(backward_shape), random_dy(backward_shape));
  const auto x = problem.x.memory(), dy = problem.dy.memory();
  std::map<std::string, std::vector<std::byte>> saved;
  for (const auto& [name, result] : problem.forward.results) saved[name] = result.memory();
  problem.run();
  EXPECT_EQ(problem.x.memory(), x);
  EXPECT_EQ(problem.dy.memory(), dy);
  for (const auto& [name, result] : problem.forward.results) EXPECT_EQ(result.memory(), saved[name]) << name;
}

TEST_P(BackwardContract, AnEmptyTensorHasZeroGradients) {
  for (const Dims& sizes : {Dims{0, 6, 5}, Dims{4, 6, 0}, Dims{0, 6, 0}}) {
    SCOPED_TRACE(sizes.str());
    const BackwardProblem problem(technique(), parameters(), Array(sizes), Array(sizes));
    const BackwardOutcome outcome = problem.run();
    EXPECT_TRUE(outcome.dx.sentinels_intact());
    for (const auto& [name, gradient] : outcome.gradients) EXPECT_TRUE(all_equal(gradient.read(), 0)) << name;
  }
}

// The oracle says who shares a cell: where its dx is NaN.
TEST_P(BackwardContract, NanAndInfinityStayInTheirCell) {
  for (const Layout layout : two_layouts) {
    const Array x = random_x(backward_shape), dy = random_dy(backward_shape);
    const Array clean = BackwardProblem(technique(), parameters(), x, dy, {layout, layout, layout}).run().dx.read();
    for (const std::size_t at : {std::size_t{0}, std::size_t{403}, x.size() - 1}) {
      for (const bool in_x : {true, false}) {
        Array bad_x = x, bad_dy = dy;
        (in_x ? bad_x : bad_dy)[at] = std::numeric_limits<Real>::quiet_NaN();
        const BackwardProblem with_nan(technique(), parameters(), bad_x, bad_dy, {layout, layout, layout});
        const ExpectedGradients expected = with_nan.expected();
        EXPECT_EQ(difference(with_nan.run(), expected), "") << name_of(layout) << " " << at;
        const Array nan_dx = with_nan.run().dx.read();
        (in_x ? bad_x : bad_dy)[at] = std::numeric_limits<Real>::infinity();
        const Array inf_dx =
            BackwardProblem(technique(), parameters(), bad_x, bad_dy, {layout, layout, layout}).run().dx.read();
        for (std::size_t i = 0; i < clean.size(); ++i) {
          if (std::isnan(expected.dx[i])) continue;
          ASSERT_EQ(nan_dx[i], clean[i]) << name_of(layout) << " " << i;
          ASSERT_EQ(inf_dx[i], clean[i]) << name_of(layout) << " " << i;
        }
      }
    }
  }
}

// Coefficients beyond float32 are another loop's; whose they are not keeps its own, and its bits. Windows
// overlap: there the oracle says, too, whom the other elements of the cell reach.
TEST_P(BackwardContract, ACellOfTinyValuesChangesNoBitOfAnother) {
  for (const Layout layout : two_layouts) {
    Parameters p = parameters();
    if (takes(technique(), "eps")) p.eps = 0;
    const BackwardLayouts layouts{layout, layout, layout};
    const Array x = random_x(backward_shape), dy = random_dy(backward_shape);
    const BackwardProblem unchanged(technique(), p, x, dy, layouts);
    const Array dx = unchanged.run().dx.read(), clean = unchanged.expected().dx;
    for (const std::size_t at : {std::size_t{0}, std::size_t{403}, x.size() - 1}) {
      Array marked = dy, tiny = x;
      marked[at] = std::numeric_limits<Real>::quiet_NaN();
      const Array cell = BackwardProblem(technique(), p, x, marked, layouts).expected().dx;
      for (std::size_t i = 0; i < tiny.size(); ++i) tiny[i] *= std::isnan(cell[i]) ? 0x1p-110L : 1;
      const BackwardProblem problem(technique(), p, tiny, dy, layouts);
      EXPECT_EQ(problem.verdict(), "");
      const Array tiny_dx = problem.run().dx.read(), changed = problem.expected().dx;
      for (std::size_t i = 0; i < dx.size(); ++i) {
        ASSERT_TRUE(std::isnan(cell[i]) || changed[i] != clean[i] || tiny_dx[i] == dx[i])
            << name_of(layout) << " " << i;
      }
    }
  }
}

// Which axes split cells is the oracle's to say: where a narrowed tensor's reference is the whole one's.
TEST_P(BackwardContract, TheNumberOfOtherCellsChangesNoBit) {
  const Dims sizes{9, 6, 5, 7};
  const BackwardProblem problem(technique(), parameters(), random_x(sizes), random_dy(sizes));
  const ExpectedGradients whole = problem.expected();
  const Array dx = problem.run().dx.read();
  for (const std::int64_t samples : {3, 8}) {
    Dims narrow = sizes;
    narrow[0] = samples;
    Array part_x(narrow), part_dy(narrow);
    std::copy_n(problem.x.read().values.begin(), part_x.size(), part_x.values.begin());
    std::copy_n(problem.dy.read().values.begin(), part_dy.size(), part_dy.values.begin());
    const BackwardProblem part(technique(), parameters(), part_x, part_dy);
    const Array expected = part.expected().dx;
    if (!std::equal(expected.values.begin(), expected.values.end(), whole.dx.values.begin())) continue;
    const Array part_dx = part.run().dx.read();
    for (std::size_t i = 0; i < part_dx.size(); ++i) ASSERT_EQ(part_dx[i], dx[i]) << samples << " " << i;
  }
}

}  // namespace
}  // namespace poise::test
