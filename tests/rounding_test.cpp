// What the loops of every instruction set round to 16 bits, against the scalar conversions, which dtype_test.cpp holds
// against the formats' definition.

#include <gtest/gtest.h>
#include <poise/batch_norm.h>
#include <poise/tensor.h>

#include <cmath>
#include <string>
#include <vector>

namespace poise {
namespace {

float widened(DType type, int bits) {
  const auto b = static_cast<std::uint16_t>(bits);
  return type == DType::bf16 ? to_float(bfloat16{b}) : to_float(float16{b});
}
int rounded(DType type, float v) { return type == DType::bf16 ? to_bfloat16(v).bits : to_float16(v).bits; }

// Every value of the type, what lies halfway to the next, and that one's neighbours, subnormals, infinities and NaN
// among them; then each fourth of them again, so that unlike ones share a vector.
std::vector<float> values_of(DType type) {
  std::vector<float> values;
  for (int bits = 0; bits < 0x10000; ++bits) {
    const float low = widened(type, bits), high = widened(type, bits + 1);
    const float half = static_cast<float>((static_cast<double>(low) + static_cast<double>(high)) / 2);
    for (const float v : {low, half, std::nextafter(half, 0.0F), std::nextafter(half, 4 * half)}) values.push_back(v);
  }
  const std::size_t count = values.size();
  for (std::size_t first = 0; first < 4; ++first)
    for (std::size_t i = first; i < count; i += 4) values.push_back(values[i]);
  return values;
}

// y = factor * x of (samples, channels, positions), by the loops of this instruction set, in y's type.
std::vector<int> scaled(const ConstTensorView& x, float factor, DType type, Target target) {
  Tensor y(type, x.sizes());
  const auto channels = static_cast<std::size_t>(x.size(1));
  const std::vector<float> zeros(channels, 0), ones(channels, 1), gamma(channels, factor);
  Context context;
  context.target = target;
  BatchNormOptions options;
  options.mode = BatchNormMode::evaluation;
  options.eps = 0;
  options.gamma = {gamma.data(), {x.size(1)}};
  options.running_mean = {zeros.data(), {x.size(1)}};
  options.running_var = {ones.data(), {x.size(1)}};
  batch_norm(y, x, options, {}, context);
  const auto* bits = static_cast<const std::uint16_t*>(y.view().data());
  return {bits, bits + y.elements()};
}

class Rounding : public testing::TestWithParam<Target> {
 protected:
  // As one row, and as rows of lanes.
  void expect_rounded(const Tensor& x, const std::vector<float>& v, float factor, DType type) {
    const std::int64_t n = x.elements();
    for (const Dims& sizes : {Dims{1, 1, n}, Dims{n / 64, 64, 1}})
      expect_rounded(ConstTensorView(x.view().data(), x.dtype(), sizes), v, factor, type);
  }
  void expect_rounded(const ConstTensorView& x, const std::vector<float>& v, float factor, DType type) {
    const std::vector<int> y = scaled(x, factor, type, GetParam());
    const int infinity = rounded(type, HUGE_VALF);
    for (std::size_t i = 0; i < v.size(); ++i) {
      const float exact = v[i] * factor + 0.0F;  // the shift, which takes -0 its sign
      if (std::isnan(exact)) {
        ASSERT_GT(y[i] & 0x7FFF, infinity) << i;
      } else {
        ASSERT_EQ(y[i], rounded(type, exact)) << i << ": " << v[i] << " times " << factor;
      }
    }
  }
};

TEST_P(Rounding, IsThatOfTheScalarConversions) {
  if (!target_available(GetParam())) GTEST_SKIP() << "this machine has no " << name_of(GetParam());
  for (const DType type : {DType::bf16, DType::f16}) {
    SCOPED_TRACE(name_of(type));
    const std::vector<float> v = values_of(type);
    Tensor x(DType::f32, {1, 1, static_cast<std::int64_t>(v.size())});
    std::copy(v.begin(), v.end(), x.data<float>());
    expect_rounded(x, v, 1, type);
  }
}

TEST_P(Rounding, IsTheSameOfSixteenBitsInAndOut) {
  if (!target_available(GetParam())) GTEST_SKIP() << "this machine has no " << name_of(GetParam());
  for (const DType type : {DType::bf16, DType::f16}) {
    SCOPED_TRACE(name_of(type));
    Tensor x(type, {1, 1, 0x10000});
    std::vector<float> v;
    for (int bits = 0; bits < 0x10000; ++bits) {
      static_cast<std::uint16_t*>(x.view().data())[bits] = static_cast<std::uint16_t>(bits);
      v.push_back(widened(type, bits));
    }
    expect_rounded(x, v, 1 / 3.0F, type);
    expect_rounded(x, v, 2.999F, type);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, Rounding,
                         testing::Values(Target::scalar, Target::sse4, Target::avx2, Target::avx512),
                         [](const auto& test) { return std::string(name_of(test.param)); });

}  // namespace
}  // namespace poise
