// Scaling of input data to [-1, 1]: the oracle, ranges given or measured, and its inverse.

#include <poise/symmetric.h>

#include <algorithm>

#include "scaling_expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const SymmetricOptions& o) {
  Parameters p;
  p.per = o.per;
  p.channel_axes = {o.channel_axis};
  p.min = o.min;
  p.max = o.max;
  return p;
}

void expect_right(const TestTensor& x, const SymmetricOptions& options, DType y_type, Layout y_layout = {}) {
  expect_scaling(symmetric, x, options, oracle::symmetric(x.read(), parameters_of(options)), y_type, y_layout);
}

TEST(Symmetric, MatchesTheOracleInEveryTypePairAndLayout) {
  for (const auto& [type, y_type] : scaling_type_pairs) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + ">" + name_of(y_type) + " " + name_of(layout));
      expect_right(random_image(type, layout), {}, y_type);
    }
  }
}

TEST(Symmetric, PerDataSetImageAndPixelWithAndWithoutChannels) {
  for (const Per per : {Per::data_set, Per::image, Per::pixel}) {
    for (const int axis : {-1, 1, 3}) {
      expect_right(random_image(), {.per = per, .channel_axis = axis}, DType::f32);
      expect_right(random_image(DType::u8, Layout::channels_last), {.per = per, .channel_axis = axis}, DType::f32,
                   Layout::channels_last);
    }
  }
}

TEST(Symmetric, AGivenRangeIsAppliedAndOfAnyType) {
  for (const DType type : floating_types) {
    const TestTensor min(type, Array({3}, -1.5L)), max(type, Array({3}, 4));
    expect_right(random_image(), {.min = min, .max = max}, DType::f32);
  }
}

TEST(Symmetric, BytesFromZeroTo255MapToMinusOneAndOne) {
  const TestTensor min(DType::f64, Array({1}, 0)), max(DType::f64, Array({1}, 255));
  Array values({2, 1, 128});
  for (std::size_t i = 0; i < 256; ++i) values[i] = static_cast<Real>(i);
  const TestTensor x(DType::u8, values);
  TestTensor y(DType::f32, values.sizes);
  symmetric(y, x, {.min = min, .max = max});
  const Array got = y.read();
  EXPECT_EQ(got[0], -1);
  EXPECT_EQ(got[255], 1);
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(got[i], -got[255 - i]) << i;
}

TEST(Symmetric, AConstantChannelGetsScaleOneAndZeros) {
  const TestTensor x(DType::f32, Array({4, 2, 5}, 7));
  TestTensor y(DType::f32, x.view().sizes()), center(DType::f64, Dims{2}), scale(DType::f64, Dims{2});
  symmetric(y, x, {}, {center, scale});
  EXPECT_TRUE(all_equal(center.read(), 7));
  EXPECT_TRUE(all_equal(scale.read(), 1));
  EXPECT_TRUE(all_equal(y.read(), 0));
}

TEST(Symmetric, TheInverseGivesXBack) {
  for (const Per per : {Per::data_set, Per::image, Per::pixel}) {
    expect_inverse([&](TensorView y, ConstTensorView x, const ScalingResults& r) { symmetric(y, x, {.per = per}, r); },
                   per, 0);
  }
}

TEST(Symmetric, RefusesWhatDoesNotFit) {
  const TestTensor x = random_image();
  TestTensor y(DType::f32, x.view().sizes());
  const TestTensor one(DType::f64, Array({3}, 1)), two(DType::f64, Array({3}, 2)), four(DType::f64, Array({4}, 1));
  const auto refused = [&](Code code, const char* text, const SymmetricOptions& options) {
    EXPECT_REFUSES(code, std::string("[symmetric] ") + text, symmetric(y, x, options));
  };
  refused(Code::usage, "max: expected one with min, got none", {.min = one});
  refused(Code::usage, "min: expected one with max, got none", {.max = one});
  refused(Code::shape, "max: expected 3, got 4", {.min = one, .max = four});
  refused(Code::usage, "max: expected numbers of at least min, got a smaller one or NaN", {.min = two, .max = one});
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 5", {.channel_axis = 5});
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32)));
}

}  // namespace
}  // namespace poise::test
