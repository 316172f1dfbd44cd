// The loops over lanes and cells, of every instruction set of this machine.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/sums.h"
#include "kernels/kernels.h"
#include "kernels/lanes.h"
#include "schedule/elements.h"
#include "schedule/gradient.h"
#include "schedule/operands.h"
#include "techniques/backward.h"

namespace poise {
namespace {

const std::int64_t each_of[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 49};
constexpr std::int64_t cells = 3;

class Lanes : public testing::TestWithParam<Target> {
 protected:
  void SetUp() override {
    if (!target_available(GetParam())) GTEST_SKIP() << "this machine has no " << name_of(GetParam());
  }
  const LaneKernels& kernels() const { return lane_kernels_for(GetParam()); }
};

template <class T>
void spreads(const LaneKernels& kernels) {
  const T values[cells] = {T(1.5), T(-2), T(7)};
  for (const std::int64_t each : each_of) {
    std::vector<T> to(static_cast<std::size_t>(cells * each + 1), T(-9));
    kernels.spread(values, cells, each, to.data());
    for (std::int64_t i = 0; i < cells * each; ++i)
      EXPECT_EQ(to[static_cast<std::size_t>(i)], values[i / each]) << each << " at " << i;
    EXPECT_EQ(to.back(), T(-9)) << each;
  }
}

TEST_P(Lanes, SpreadWritesEveryLaneAndNothingBehind) {
  spreads<float>(kernels());
  spreads<double>(kernels());
}

// Values whose sum depends on the order, so that another one shows.
TEST_P(Lanes, SumsAddEveryFourthSideBySide) {
  for (const std::int64_t each : each_of) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < cells * each; ++i)
      values.push_back(std::sin(static_cast<double>(i)) * std::pow(10.0, static_cast<double>(i % 9)));
    double to[cells] = {};
    kernels().sums(values.data(), cells, each, to);
    for (std::int64_t c = 0; c < cells; ++c) {
      double parts[4] = {};
      for (std::int64_t j = 0; j < each; ++j) parts[j % 4] += values[static_cast<std::size_t>(c * each + j)];
      EXPECT_EQ(to[c], (parts[0] + parts[1]) + (parts[2] + parts[3])) << each;
    }
  }
}

TEST_P(Lanes, AccumulateAddsToEachAndNothingBehind) {
  for (const std::int64_t count : each_of) {
    std::vector<double> from, to, expected;
    for (std::int64_t i = 0; i <= count; ++i) {
      const auto v = static_cast<double>(i);
      from.push_back(std::sin(v));
      to.push_back(std::cos(v) / 3);
      expected.push_back(i < count ? to.back() + from.back() : to.back());
    }
    kernels().accumulate(from.data(), count, to.data());
    EXPECT_EQ(to, expected) << count;
  }
}

TEST_P(Lanes, MomentsAreTheSameAsOneByOne) {
  const double pivot[cells] = {1e5, -3, 0}, s[cells] = {12.25, 0, 0.1}, q[cells] = {1e3, 0, 1.0 / 300};
  Measured measured[cells];
  kernels().moments({pivot, s, q, 7, cells, measured});
  for (std::int64_t c = 0; c < cells; ++c) {
    const Measured one = measured_of(Statistic::moments, 7, pivot[c], {s[c], q[c]});
    EXPECT_EQ(measured[c].count, 7);
    EXPECT_EQ(measured[c].mean, one.mean);
    EXPECT_EQ(measured[c].mean_lo, one.mean_lo);
    EXPECT_EQ(measured[c].m2, one.m2);
  }
}

// Cells of seven elements about their pivots: usual, constant, of which all is rounding, of NaN, and those that one
// vector must leave to others.
struct PlainCase {
  double pivot, s, q, gamma, beta;
  bool more;
};
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const std::vector<PlainCase> plain_cases{{1e5, 12.25, 1e3, 1.5, -0.25, false},
                                         {-3, 0, 0, -2, 7, false},
                                         {0, 0.1, 1.0 / 300, 0, -0.0, false},
                                         {1.0 / 3, 7e-9, 8e-18, -1, 0, false},
                                         {2, nan, nan, 1, 1, false},
                                         {1e-20, 0, 1e-62, 1, 0, true},
                                         {0, 0, 1e62, 1, 0, true},
                                         {5, -70, 700.0000001, 1, 2, true}};

// The sign of zero too; one NaN is as good as another.
void same(double a, double b) {
  EXPECT_EQ(std::isnan(a), std::isnan(b));
  if (std::isnan(b)) return;
  EXPECT_EQ(a, b);
  EXPECT_EQ(std::signbit(a), std::signbit(b));
}

class PlainLanesTest {
 public:
  static constexpr std::int64_t room = 2 * lane_padding;
  explicit PlainLanesTest(const std::vector<PlainCase>& cases) : cases_(cases) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      pivot_[i] = cases[i].pivot, s_[i] = cases[i].s, q_[i] = cases[i].q;
      gamma_[i] = cases[i].gamma, beta_[i] = cases[i].beta;
    }
  }
  bool run(const LaneKernels& kernels, bool affine) {
    PlainLanes l{pivot_, s_, q_, 7, static_cast<std::int64_t>(cases_.size()), 0.0};
    if (affine) l.gamma = gamma_, l.beta = beta_;
    l.mean = mean_, l.m2 = m2_, l.rstd = rstd_, l.hi = hi_, l.scale = scale_, l.shift = shift_;
    return kernels.normalize(l);
  }
  void expect_one_by_one(bool affine) const {
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      SCOPED_TRACE(i);
      const Measured m = measured_of(Statistic::moments, 7, pivot_[i], {s_[i], q_[i]});
      const CellAffine cell = Normalize({}, {}, {})(0, m);
      const Coefficients c = coefficients_of(cell, affine ? gamma_[i] : 1, affine ? beta_[i] : 0, DType::f32);
      same(mean_[i], m.mean), same(m2_[i], m.m2), same(rstd_[i], cell.scale);
      same(hi_[i], static_cast<float>(c.hi)), same(scale_[i], static_cast<float>(c.scale));
      same(shift_[i], static_cast<float>(c.shift));
      EXPECT_EQ(cases_[i].more, bad_pivot(m, pivot_[i], DType::f32) || extreme(cell, DType::f32));
    }
  }

 private:
  std::vector<PlainCase> cases_;
  double pivot_[room] = {}, s_[room] = {}, q_[room] = {}, gamma_[room] = {}, beta_[room] = {};
  double mean_[room] = {}, m2_[room] = {}, rstd_[room] = {};
  float hi_[room] = {}, scale_[room] = {}, shift_[room] = {};
};

TEST_P(Lanes, PlainCellsAreTheSameAsOneByOne) {
  if (kernels().normalize == nullptr) GTEST_SKIP() << "no fused multiply-add";
  for (const bool affine : {false, true}) {
    PlainLanesTest all(plain_cases);
    EXPECT_FALSE(all.run(kernels(), affine));
    all.expect_one_by_one(affine);
    for (std::size_t i = 0; i < plain_cases.size(); ++i) {
      SCOPED_TRACE(i);
      std::vector<PlainCase> cases(11, plain_cases[0]);
      cases.back() = plain_cases[i];
      PlainLanesTest some(cases);
      EXPECT_EQ(some.run(kernels(), affine), !plain_cases[i].more);
      some.expect_one_by_one(affine);
    }
  }
}

// Cells of seven elements: center, rstd and sums; what one vector must leave to others.
struct PlainGradientCase {
  double center, rstd, s, q;
  bool more;
};
const std::vector<PlainGradientCase> plain_gradient_cases{{1e5 + 1.0 / 3, 0.7, -2, 3.5, false},
                                                          {-3, 0, 1, -1, false},
                                                          {0, 2, -0.0, -0.0, false},
                                                          {0.1, 1e-9, 1e9, 1e9, false},
                                                          {2, nan, 1, 1, false},
                                                          {2, 1, nan, nan, false},
                                                          {0, 1e31, 1e-40, 1e-70, true},
                                                          {0, 1e-31, 1, 1, true},
                                                          {0, 1, 1, 1e31, true},
                                                          {0, 1, 1, 1e-31, true},
                                                          {0.1, 1, 8e30, 1, true},
                                                          {1, 1, -INFINITY, 1, true}};

class PlainGradientsTest {
 public:
  static constexpr std::int64_t room = 2 * lane_padding;
  explicit PlainGradientsTest(const std::vector<PlainGradientCase>& cases) : cases_(cases) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      center_[i] = cases[i].center, rstd_[i] = cases[i].rstd, s_[i] = cases[i].s, q_[i] = cases[i].q;
    }
  }
  bool run(const LaneKernels& kernels, bool centered) {
    PlainGradients l{center_, rstd_, s_, q_, 7, static_cast<std::int64_t>(cases_.size()), centered};
    l.hi = hi_, l.scale = scale_, l.a = a_, l.b = b_;
    return kernels.derive(l);
  }
  void expect_one_by_one(bool centered) {
    const TensorView means(center_, DType::f64, {room}), rstds(rstd_, DType::f64, {room});
    const NormalizeDerivative derivative({}, centered ? ConstTensorView(means) : ConstTensorView(), rstds);
    EXPECT_EQ(derivative.plain() == Derivative::Plain::centered, centered);
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      SCOPED_TRACE(i);
      const auto cell = static_cast<std::int64_t>(i);
      CellAffine affine = derivative.saved(cell);
      affine.center = center_[i];
      const GradientCoefficients c =
          gradient_coefficients(affine, derivative(cell, {7, 0 + s_[i], 0 + q_[i]}), 1, DType::f32);
      same(hi_[i], static_cast<float>(c.hi)), same(scale_[i], static_cast<float>(c.scale));
      same(a_[i], static_cast<float>(c.a)), same(b_[i], static_cast<float>(c.b));
      if (centered) {
        EXPECT_EQ(cases_[i].more, extreme(c, DType::f32));
      }
    }
  }

 private:
  std::vector<PlainGradientCase> cases_;
  double center_[room] = {}, rstd_[room] = {}, s_[room] = {}, q_[room] = {};
  float hi_[room] = {}, scale_[room] = {}, a_[room] = {}, b_[room] = {};
};

TEST_P(Lanes, PlainGradientsAreTheSameAsOneByOne) {
  if (kernels().derive == nullptr) GTEST_SKIP() << "scalar loops derive one by one";
  for (const bool centered : {false, true}) {
    PlainGradientsTest all(plain_gradient_cases);
    EXPECT_FALSE(all.run(kernels(), centered));
    all.expect_one_by_one(centered);
  }
  for (std::size_t i = 0; i < plain_gradient_cases.size(); ++i) {
    SCOPED_TRACE(i);
    std::vector<PlainGradientCase> cases(11, plain_gradient_cases[0]);
    cases.back() = plain_gradient_cases[i];
    PlainGradientsTest some(cases);
    EXPECT_EQ(some.run(kernels(), true), !plain_gradient_cases[i].more);
    some.expect_one_by_one(true);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, Lanes,
                         testing::Values(Target::scalar, Target::sse4, Target::avx2, Target::avx512),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace poise
