// Affine: application, inversion, composition.

#include "core/affine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace poise {
namespace {

constexpr double u = 0x1p-53;

Affine random_affine(std::mt19937& random) {
  std::uniform_real_distribution<double> number(-8, 8);
  std::uniform_real_distribution<double> factor(0.125, 4);
  return {number(random), random() % 2 == 0 ? factor(random) : -factor(random), number(random)};
}

TEST(AffineTest, IsIdentityByDefaultAndFollowsItsFormula) {
  EXPECT_EQ(Affine()(3.25), 3.25);
  EXPECT_EQ((Affine{2, 4, 0.5}(3)), 4.5);
}

TEST(AffineTest, KeepsWhatAFoldedFormWouldLose) {
  // x - center is exact; x * scale and center * scale each round off 2^-4 and more.
  const double center = 0x1p52;
  EXPECT_EQ((Affine{center, 3, 0}(center + 1)), 3);
}

TEST(AffineTest, ExactNumbersInvertAndComposeExactly) {
  const Affine inner = {3, 0.5, 7};
  const Affine outer = {-2, 4, 1};
  for (double x = -4; x <= 4; x += 0.25) {
    EXPECT_EQ(inner.inverse()(inner(x)), x);
    EXPECT_EQ(inner(inner.inverse()(x)), x);
    EXPECT_EQ(compose(outer, inner)(x), outer(inner(x)));
    EXPECT_EQ(compose(Affine(), inner)(x), inner(x));
    EXPECT_EQ(compose(inner, Affine())(x), inner(x));
  }
}

// y = fl(fl(fl(x - c) * s) + b) is off by at most u (2 |(x - c) s| + |y|). Going back divides that by |s| and adds one
// rounding of y - b, two of the multiplication by a rounded 1/s, one of the result: u (6 |x - c| + |y / s| + |x|).
TEST(AffineTest, InverseReturnsWithinRounding) {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> number(-8, 8);
  for (int trial = 0; trial < 10'000; ++trial) {
    const Affine affine = random_affine(random);
    const double x = number(random);
    const double y = affine(x);
    const double bound = u * (6 * std::abs(x - affine.center) + std::abs(y / affine.scale) + std::abs(x));
    ASSERT_LE(std::abs(affine.inverse()(y) - x), bound);
  }
}

// Thirteen roundings in both ways together, each of a number no larger than the sum of the magnitudes that enter.
TEST(AffineTest, CompositionIsApplicationInTurnWithinRounding) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> number(-8, 8);
  for (int trial = 0; trial < 10'000; ++trial) {
    const Affine inner = random_affine(random);
    const Affine outer = random_affine(random);
    const double x = number(random);
    const double entering = std::abs((x - inner.center) * inner.scale * outer.scale) +
                            std::abs(inner.shift * outer.scale) + std::abs(outer.center * outer.scale) +
                            std::abs(outer.shift);
    ASSERT_LE(std::abs(compose(outer, inner)(x) - outer(inner(x))), 13 * u * entering);
  }
}

}  // namespace
}  // namespace poise
