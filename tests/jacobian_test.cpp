// The numerical gradient itself: right and tight where the derivative is known, so that a wrong backward shows.

#include "jacobian.h"

#include <gtest/gtest.h>

namespace poise::test {
namespace {

// f_0 = x_0^2 * sin(x_1), f_1 = exp(x_1), f_2 = 3 x_0
Vector f(const Vector& x) { return {x[0] * x[0] * std::sin(x[1]), std::exp(x[1]), 3 * x[0]}; }
const Vector x{1.5, -0.7}, dy{2, -0.5, 0.25};
const std::vector<Real> gradient{dy[0] * 2 * x[0] * std::sin(x[1]) + dy[2] * 3,
                                 dy[0] * x[0] * x[0] * std::cos(x[1]) + dy[1] * std::exp(x[1])};

TEST(Jacobian, FindsTheGradient) { EXPECT_EQ(difference(gradient, numerical_gradient(f, x, dy)), ""); }

TEST(Jacobian, IsTightEnoughToShowAnErrorOfABillionth) {
  for (const Real bound : numerical_gradient(f, x, dy).bound) EXPECT_LT(bound, 1e-10L);
  for (std::size_t j = 0; j < gradient.size(); ++j) {
    std::vector<Real> wrong = gradient;
    wrong[j] *= 1 + 1e-9L;
    EXPECT_NE(difference(wrong, numerical_gradient(f, x, dy)), "") << j;
  }
  EXPECT_NE(difference({gradient[0]}, numerical_gradient(f, x, dy)), "");
}

TEST(Jacobian, ANanIsNoGradient) {
  std::vector<Real> wrong = gradient;
  wrong[1] = NAN;
  EXPECT_NE(difference(wrong, numerical_gradient(f, x, dy)), "");
}

}  // namespace
}  // namespace poise::test
