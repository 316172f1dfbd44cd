// The smooth activations' loops by themselves, over all that may go into them: a technique's z only comes so far.

#include <gtest/gtest.h>

#include <poise/context.h>

#include <cmath>
#include <limits>
#include <vector>

#include "activation_oracle.h"
#include "kernels/pointwise.h"
#include "tolerance.h"

namespace poise::test {
namespace {

template <class T>
std::vector<T> arguments() {
  std::vector<T> all = {0, -0.0};
  for (int i = -4500; i <= 4500; ++i) all.push_back(static_cast<T>(i / 100.0 + 0.003));
  for (double v = 1e-42; v < 1e30; v *= 7) {
    all.push_back(static_cast<T>(v));
    all.push_back(static_cast<T>(-v));
  }
  return all;
}

template <class T>
std::vector<T> run(PointwiseFn loop, const std::vector<T>& v, const std::vector<T>& dy, Activation a) {
  std::vector<T> out(v.size());
  PointwiseRun p;
  p.a = v.data();
  p.dy = dy.data();
  p.out = out.data();
  p.length = static_cast<std::int64_t>(v.size());
  p.activation = a;
  loop(p);
  return out;
}

// Relative to the result: the rounding; 8 float64 ones, and 8 in share's argument (which has the sway). Of the
// derivative each of its two terms has these. In float64 share may be lost where it is subnormal, and with it v, or v
// times its argument's slope, of below 2 + |v|^2, times the smallest normal number.
template <class T>
void expect_right(DType type, Target target) {
  const std::vector<T> v = arguments<T>(), dy(v.size(), T(1));
  const PointwiseKernels& kernels = pointwise_kernels_for(target);
  const Real u = unit_roundoff(type);
  for (const Activation a : smooth_ones) {
    const std::vector<T> y = run(kernels.finish[static_cast<int>(type)], v, dy, a);
    const std::vector<T> slope = run(kernels.finish_back[static_cast<int>(type)], v, dy, a);
    for (std::size_t i = 0; i < v.size(); ++i) {
      const Share s = share_of(v[i], a);
      const Real size = std::fabs(v[i]), lost = 1 + size * (2 + size * size);
      const Real least = type == DType::f64 ? lost * 0x1p-1022L : smallest_subnormal(type);
      // The argument of an exponential beyond 1 is as wrong as it is large.
      const Real rate = s.share == 0 ? 0 : s.sway / s.share, error = 8 * w * (1 + rate);
      const Real expected = v[i] * s.share, derivative = s.share + v[i] * s.slope;
      EXPECT_LE(std::fabs(y[i] - expected), (u + error) * std::fabs(expected) + least)
          << name_of(target) << " " << name_of(type) << " " << static_cast<int>(a) << " of " << v[i];
      const Real terms = s.share + size * s.slope;
      EXPECT_LE(std::fabs(slope[i] - derivative), u * std::fabs(derivative) + 2 * error * terms + least)
          << name_of(target) << " " << name_of(type) << " " << static_cast<int>(a) << " at " << v[i];
    }
  }
}

TEST(Smooth, EveryArgumentOnEveryInstructionSet) {
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    expect_right<float>(DType::f32, target);
    expect_right<double>(DType::f64, target);
  }
}

TEST(Smooth, InfinityAndNaN) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> v = {infinity, nan, -infinity}, dy = {1, 1, 1};
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    const PointwiseKernels& kernels = pointwise_kernels_for(target);
    for (const Activation a : smooth_ones) {
      const std::vector<float> y = run(kernels.finish[static_cast<int>(DType::f32)], v, dy, a);
      EXPECT_EQ(y[0], infinity);
      EXPECT_TRUE(std::isnan(y[1]));
      const std::vector<float> slope = run(kernels.finish_back[static_cast<int>(DType::f32)], v, dy, a);
      EXPECT_EQ(slope[0], 1);
      EXPECT_TRUE(std::isnan(slope[1]));
      EXPECT_EQ(slope[2], 0);
    }
  }
}

}  // namespace
}  // namespace poise::test
