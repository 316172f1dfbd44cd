// Every backward pass against its oracle: types, layouts, lengths, options, magnitudes, instruction sets.

#include <poise/technique.h>

#include <algorithm>
#include <cmath>

#include "backward_problem.h"

namespace poise::test {
namespace {

using Backward = BackwardTest;
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Backward);
INSTANTIATE_TEST_SUITE_P(EveryTechnique, Backward, ::testing::ValuesIn(backward_rows()),
                         [](const auto& row) { return name_of(row); });

TEST(BackwardOracle, OfEveryTechnique) {
  for (const Technique& t : techniques()) {
    EXPECT_TRUE(t.run_backward == nullptr || backward_oracle_named(t.name) != nullptr)
        << t.name << ": add its derivative to tests/oracle_backward*.cpp and its name to backward_oracle_named";
  }
}

TEST_P(Backward, MatchesTheOracleInEveryTypeAndLayout) {
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      const bool writable = layout != Layout::broadcast;
      for (const BackwardLayouts& layouts : {BackwardLayouts{layout, layout, writable ? layout : Layout::contiguous},
                                             BackwardLayouts{layout, Layout::contiguous, Layout::channels_last},
                                             BackwardLayouts{Layout::contiguous, layout, Layout::contiguous}}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layouts.x) + " " + name_of(layouts.dy) + " " +
                     name_of(layouts.dx));
        const BackwardProblem problem(technique(), parameters(), random_x(backward_shape, type),
                                      random_dy(backward_shape, type), layouts);
        EXPECT_EQ(problem.verdict(), "");
      }
    }
  }
}

// Around every vector width, as run of a row and as lanes of columns.
TEST_P(Backward, EveryLength) {
  int right = 0;
  for (std::int64_t length = 1; length <= 70; ++length) {
    for (const Dims& sizes : {Dims{2, 6, length}, Dims{length, 6, 3}, Dims{2, 6 * length, 5}}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        SCOPED_TRACE(sizes.str() + " " + name_of(layout));
        try {
          const BackwardProblem problem(technique(), parameters(), random_x(sizes), random_dy(sizes),
                                        {layout, layout, layout});
          ASSERT_EQ(problem.verdict(), "");
          ++right;
        } catch (const Error& error) {  // one value a cell
          EXPECT_EQ(error.code(), Code::shape) << error.what();
        }
      }
    }
  }
  EXPECT_GT(right, 250);
}

TEST_P(Backward, LargerThanABlock) {
  for (const DType type : {DType::f32, DType::f64, DType::bf16}) {
    for (const Dims& sizes : {Dims{2, 6, 1023}, Dims{3, 258, 2}, Dims{1100, 6, 2}, Dims{2, 6, 67, 61}}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed}) {
        SCOPED_TRACE(sizes.str() + " " + name_of(type) + " " + name_of(layout));
        const BackwardProblem problem(technique(), parameters(), random_x(sizes, type), random_dy(sizes, type),
                                      {layout, layout, layout});
        EXPECT_EQ(problem.verdict(), "");
      }
    }
  }
}

TEST_P(Backward, EveryEpsPlaceAndDivisor) {
  if (!takes(technique(), "eps")) GTEST_SKIP() << "has no eps";
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
      for (const double eps : {0.0, 0.3, 100.0}) {
        for (const DType type : {DType::f32, DType::f64}) {
          Parameters p = parameters();
          p.eps = eps;
          p.eps_place = place;
          if (takes(technique(), "divisor")) p.divisor = divisor;
          SCOPED_TRACE("place " + std::to_string(static_cast<int>(place)) + " divisor " +
                       std::to_string(static_cast<int>(divisor)) + " eps " + std::to_string(eps) + " " + name_of(type));
          const BackwardProblem problem(technique(), p, random_x(backward_shape, type),
                                        random_dy(backward_shape, type));
          EXPECT_EQ(problem.verdict(), "");
          EXPECT_EQ(difference(problem.run(default_context(), {}), problem.expected()), "") << "nothing saved";
        }
      }
    }
  }
}

TEST_P(Backward, GammaAndItsGradientsOfEveryType) {
  for (const DType operand : floating_types) {
    for (const DType type : {DType::f32, DType::f64, DType::f16}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        SCOPED_TRACE(std::string(name_of(operand)) + " " + name_of(type) + " " + name_of(layout));
        const BackwardProblem problem(technique(), parameters(), random_x(backward_shape, type),
                                      random_dy(backward_shape, type), {layout, layout, layout}, operand);
        BackwardOutcome outcome = problem.run();
        outcome.gradients = gradient_memory(technique(), backward_shape, operand, problem.p);
        technique().run_backward(views(outcome), problem.dy, problem.x, problem.p, problem.saved(), default_context());
        EXPECT_EQ(difference(outcome, problem.expected()), "");
      }
    }
  }
}

TEST_P(Backward, GammaAndBetaAreOptional) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
    BackwardProblem problem(technique(), parameters(), random_x(backward_shape), random_dy(backward_shape),
                            {layout, layout, layout});
    const ConstTensorView gamma = problem.p.gamma;
    problem.p.gamma = {};
    EXPECT_EQ(problem.verdict(), "") << "no gamma";
    problem.p.beta = {};
    EXPECT_EQ(problem.verdict(), "") << "neither";
    problem.p.gamma = gamma;
    EXPECT_EQ(problem.verdict(), "") << "no beta";
  }
}

TEST_P(Backward, NothingSavedIsMeasuredAgain) {
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      const BackwardProblem problem(technique(), parameters(), random_x(backward_shape, type),
                                    random_dy(backward_shape, type), {layout, layout, Layout::contiguous});
      const ExpectedGradients expected = problem.expected();
      EXPECT_EQ(difference(problem.run(default_context(), {}), expected), "");
      Results half = problem.saved();
      half.mean = {};
      if (!half.rstd.present()) continue;
      EXPECT_EQ(difference(problem.run(default_context(), half), expected), "") << "rstd alone";
    }
  }
}

TEST_P(Backward, MeanFarAboveTheDeviation) {
  const Dims sizes{3, 6, 29, 31};
  for (const DType type : {DType::f32, DType::f64}) {
    for (const double ratio : {1e2, 1e4, 1e5, -1e5}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " " + std::to_string(ratio));
        const BackwardProblem problem(technique(), parameters(), random_x(sizes, type, ratio * 0.1, 0.1),
                                      random_dy(sizes, type), {layout, layout, layout});
        EXPECT_EQ(problem.verdict(), "");
      }
    }
  }
}

// dy about a large mean: s0 cancels against the sums' own size, not against dx.
TEST_P(Backward, GradientFarFromZero) {
  const Dims sizes{3, 6, 29, 31};
  for (const DType type : {DType::f32, DType::f64}) {
    Array dy = random_dy(sizes, type);
    for (auto& v : dy.values) v = rounded(v + 1000, type);
    EXPECT_EQ(BackwardProblem(technique(), parameters(), random_x(sizes, type), dy).verdict(), "") << name_of(type);
  }
}

TEST_P(Backward, EveryFiniteMagnitude) {
  constexpr Real most = 0x1.FFFFFEp127L;
  const Array small = random_values(backward_shape, DType::f64, 4, 0, 0.4);
  for (const Real magnitude : {1e30L, most, 1e-30L, 1e-38L, 3e-39L, 1e-42L}) {
    for (const double eps : {-1.0, 0.0}) {
      for (const double dy : {1.0, 1e-30, 1e20}) {
        for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
          Parameters p = parameters();
          if (takes(technique(), "eps")) p.eps = eps;
          Array x(backward_shape, 0, DType::f32);
          for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = rounded(magnitude * std::fmin(std::fmax(small[i], -0.99L), 0.99L), DType::f32);
          }
          SCOPED_TRACE("10^" + std::to_string(static_cast<double>(std::log10(magnitude))) + " eps " +
                       std::to_string(eps) + " dy " + std::to_string(dy) + " " + name_of(layout));
          EXPECT_EQ(
              BackwardProblem(technique(), p, x, random_dy(backward_shape, DType::f32, dy), {layout, layout, layout})
                  .verdict(),
              "");
        }
      }
    }
  }
}

TEST_P(Backward, AConstantCell) {
  for (const DType type : floating_types) {
    for (const Real value : {0.0L, -3.75L, 0.1L, 1e4L}) {
      for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
        for (const double eps : {-1.0, 0.0}) {
          Parameters p = parameters();
          if (takes(technique(), "eps")) {
            p.eps = eps;
            p.eps_place = place;
          }
          const Array x = TestTensor(type, Array(backward_shape, value)).read();
          SCOPED_TRACE(std::string(name_of(type)) + " of " + std::to_string(static_cast<double>(value)) + " place " +
                       std::to_string(static_cast<int>(place)) + " eps " + std::to_string(eps));
          EXPECT_EQ(BackwardProblem(technique(), p, x, random_dy(backward_shape, type)).verdict(), "");
        }
      }
    }
  }
}

TEST_P(Backward, EveryInstructionSet) {
  for (const Target target : all_targets) {
    if (!target_available(target)) continue;
    for (const DType type : floating_types) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed, Layout::stepped}) {
        for (const Dims& sizes : {backward_shape, Dims{3, 6, 37}, Dims{5, 18, 3}}) {
          SCOPED_TRACE(std::string(name_of(target)) + " " + name_of(type) + " " + name_of(layout) + " " + sizes.str());
          const BackwardProblem problem(technique(), parameters(), random_x(sizes, type), random_dy(sizes, type),
                                        {layout, layout, layout});
          Context context;
          context.target = target;
          EXPECT_EQ(difference(problem.run(context, problem.saved()), problem.expected()), "");
        }
      }
    }
  }
}

}  // namespace
}  // namespace poise::test
