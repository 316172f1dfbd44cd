// What NaN and infinities in x do by policy: propagate, raise, skip.

#include <poise/poise.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "backward_problem.h"

namespace poise::test {
namespace {

const Dims shape{4, 6, 5, 7};
constexpr Real inf = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();

std::vector<const Technique*> rows() {
  std::vector<const Technique*> result;
  for (const Technique& t : techniques()) {
    if (takes(t, "non_finite")) result.push_back(&t);
  }
  return result;
}

class NonFiniteTest : public ::testing::TestWithParam<const Technique*> {
 protected:
  const Technique& technique() const { return *GetParam(); }
  Parameters parameters(NonFinite policy = NonFinite::skip) const {
    Parameters p;
    if (takes(technique(), "groups")) p.groups = 2;
    if (takes(technique(), "axes")) p.axes = {1, 2, 3};
    p.non_finite = policy;
    return p;
  }
  std::int64_t skipped(const TestTensor& x, const Parameters& p) const {
    TestTensor y(x.view().dtype(), x.view().sizes());
    std::int64_t count = -1;
    Results r;
    r.non_finite = &count;
    technique().run(y, x, p, r, default_context());
    return count;
  }
};
INSTANTIATE_TEST_SUITE_P(EveryTechnique, NonFiniteTest, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST(NonFinite, TheTechniquesThatMeasureActivationsTakeIt) { EXPECT_EQ(rows().size(), 6U); }

// Five elements in different cells and the same, and where they are.
Array with_bad_ones(Array x, Array& finite) {
  finite = Array(x.sizes, 1, DType::u8);
  const std::pair<std::size_t, Real> bad[] = {{0, nan}, {3, inf}, {211, -inf}, {403, nan}, {839, inf}};
  for (const auto& [at, value] : bad) {
    x[at] = value;
    finite[at] = 0;
  }
  return x;
}

// The bits of a mask that normalizes what is masked: statistics, gradients, running statistics.
TEST_P(NonFiniteTest, SkippedOnesAreMaskedAndStayVisible) {
  for (const DType type : floating_types) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::stepped}) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      Array finite;
      const Array x = with_bad_ones(random_x(shape, type), finite), dy = random_dy(shape, type);
      const TestTensor mask(DType::u8, finite);
      Parameters skip = parameters(), masked = parameters(NonFinite::propagate);
      const Operands of_skip(technique(), shape, DType::f32, skip), of_mask(technique(), shape, DType::f32, masked);
      masked.mask = mask;
      masked.masked = Masked::normalize;
      const BackwardLayouts layouts{layout, layout, layout};
      const BackwardProblem a(technique(), skip, x, dy, layouts), b(technique(), masked, x, dy, layouts);
      EXPECT_SAME_BITS(a.forward, b.forward);
      const BackwardOutcome gradients = a.run();
      EXPECT_EQ(different_bits(gradients.bits(), b.run()), "");
      EXPECT_EQ(skipped(a.x, skip), 5);
      const Array y = a.forward.y.read(), dx = gradients.dx.read();
      for (std::size_t i = 0; i < y.size(); ++i) {
        ASSERT_EQ(std::isfinite(y[i]), finite[i] != 0) << i;
        ASSERT_EQ(std::isnan(y[i]), std::isnan(x[i])) << i;
        ASSERT_TRUE(std::isfinite(dx[i])) << i;
      }
      for (const auto& [name, result] : a.forward.results)
        for (const Real v : result.read().values) ASSERT_TRUE(std::isfinite(v)) << name;
    }
  }
}

// With a mask, what is masked is as the mask says, whatever it holds, and is not counted.
TEST_P(NonFiniteTest, AMaskHasTheFirstWord) {
  Array finite;
  const Array x = with_bad_ones(random_x(shape), finite);
  Array valid(shape, 1, DType::u8), both(shape, 1, DType::u8);
  for (std::size_t i = 0; i < 30; ++i) valid[i] = 0;  // two of the five
  for (std::size_t i = 0; i < both.size(); ++i) both[i] = finite[i] * valid[i];
  const TestTensor mask(DType::u8, valid), joint(DType::u8, both), bad(DType::f32, x);
  Parameters p = parameters(), q = parameters(NonFinite::propagate);
  p.mask = mask;
  p.masked = Masked::zero;
  q.mask = joint;
  q.masked = Masked::normalize;
  EXPECT_EQ(skipped(bad, p), 3);
  const Array y = run(technique(), bad, {DType::f32}, p).y.read(),
              expected = run(technique(), bad, {DType::f32}, q).y.read();
  for (std::size_t i = 0; i < y.size(); ++i) {
    const bool same = y[i] == expected[i] || (std::isnan(y[i]) && std::isnan(expected[i]));
    ASSERT_TRUE(valid[i] == 0 ? y[i] == 0 : same) << i;
  }
}

TEST_P(NonFiniteTest, RaiseNamesHowManyAndWritesNothing) {
  Array finite;
  const Array bad = with_bad_ones(random_x(shape), finite);
  const std::string text =
      std::string("[") + technique().name + "] x: expected finite values, got 5 of 840 that are not";
  const TestTensor x(DType::f32, bad), dy(DType::f32, random_dy(shape)), mask(DType::u8, finite);
  TestTensor y(DType::f32, shape);
  Parameters p = parameters(NonFinite::raise);
  const Operands operands(technique(), shape, DType::f32, p);
  const auto results = result_memory(technique(), shape, p);
  const auto before = y.memory();
  std::int64_t count = -1;
  Results r = views(results);
  r.non_finite = &count;
  EXPECT_REFUSES(Code::data, text, technique().run(y, x, p, r, default_context()));
  EXPECT_REFUSES(Code::data, text, technique().run_backward({.dx = y}, dy, x, p, {}, default_context()));
  EXPECT_EQ(y.memory() == before, true);
  EXPECT_EQ(count, -1);
  for (const auto& [name, result] : results)
    EXPECT_TRUE(result.memory() == result_memory(technique(), shape, p).at(name).memory()) << name;
  p.mask = mask;  // of no interest where they are masked
  EXPECT_NO_THROW(technique().run(y, x, p, {}, default_context()));
}

TEST_P(NonFiniteTest, OfFiniteXTheBitsAreTheSame) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
    const BackwardLayouts layouts{layout, layout, layout};
    const BackwardProblem plain(technique(), parameters(NonFinite::propagate), random_x(shape), random_dy(shape),
                                layouts);
    for (const NonFinite policy : {NonFinite::raise, NonFinite::skip}) {
      const BackwardProblem other(technique(), parameters(policy), random_x(shape), random_dy(shape), layouts);
      EXPECT_SAME_BITS(plain.forward, other.forward);
      EXPECT_EQ(different_bits(plain.run().bits(), other.run()), "");
      EXPECT_EQ(skipped(other.x, parameters(policy)), 0);
    }
  }
}

TEST_P(NonFiniteTest, ACellOfNothingElseIsEmpty) {
  const Array x(shape, nan);
  Parameters p = parameters();
  const Operands operands(technique(), shape, DType::f32, p);
  const Outcome outcome = run(technique(), TestTensor(DType::f32, x), {DType::f32}, p);
  for (const Real v : outcome.y.read().values) ASSERT_TRUE(std::isnan(v));
  for (const auto& [name, result] : outcome.results) {
    if (name.rfind("running", 0) != 0) continue;
    const Array old = read(name == "running_mean" ? p.running_mean : p.running_var);
    EXPECT_EQ(result.read().values, old.values) << name << " of no values stays";
  }
}

TEST(NonFinite, RefusesWhatItCannotSee) {
  const TestTensor x(DType::f32, random_x(shape)), residual(DType::f32, random_dy(shape));
  TestTensor y(DType::f32, shape), sum(DType::f32, shape);
  for (const NonFinite policy : {NonFinite::raise, NonFinite::skip}) {
    EXPECT_REFUSES(Code::usage, "[layer_norm] non_finite: expected propagate with a residual, got another policy",
                   layer_norm(y, x, {.non_finite = policy, .epilogue = {.residual = residual, .sum = sum}}));
  }
  EXPECT_REFUSES(Code::usage,
                 "[layer_norm] non_finite: expected propagate or raise in a second backward pass, got skip",
                 layer_norm_second_backward({.ddy = y}, {.ddx = x}, x, x, {}, {.non_finite = NonFinite::skip}));
}

}  // namespace
}  // namespace poise::test
