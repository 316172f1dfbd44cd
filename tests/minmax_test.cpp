// Min-max scaling of input data: the oracle, ranges given or measured, and its inverse.

#include <poise/minmax.h>

#include <algorithm>

#include "scaling_expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const MinmaxOptions& o) {
  Parameters p;
  p.per = o.per;
  p.channel_axes = {o.channel_axis};
  p.min = o.min;
  p.max = o.max;
  p.low = o.low;
  p.high = o.high;
  return p;
}

void expect_right(const TestTensor& x, const MinmaxOptions& options, DType y_type, Layout y_layout = {}) {
  expect_scaling(minmax, x, options, oracle::minmax(x.read(), parameters_of(options)), y_type, y_layout);
}

TEST(Minmax, MatchesTheOracleInEveryTypePairAndLayout) {
  for (const auto& [type, y_type] : scaling_type_pairs) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + ">" + name_of(y_type) + " " + name_of(layout));
      expect_right(random_image(type, layout), {}, y_type);
    }
  }
}

TEST(Minmax, PerDataSetImageAndPixelWithAndWithoutChannels) {
  for (const Per per : {Per::data_set, Per::image, Per::pixel}) {
    for (const int axis : {-1, 1, 3}) {
      expect_right(random_image(), {.per = per, .channel_axis = axis, .low = -3, .high = 2}, DType::f32);
      expect_right(random_image(DType::u8, Layout::channels_last), {.per = per, .channel_axis = axis}, DType::f32,
                   Layout::channels_last);
    }
  }
}

TEST(Minmax, AGivenRangeIsAppliedAndOfAnyType) {
  for (const DType type : floating_types) {
    const TestTensor min(type, Array({3}, -1.5L)), max(type, Array({3}, 4));
    expect_right(random_image(), {.min = min, .max = max, .low = 10, .high = 20}, DType::f32);
    expect_right(random_image(DType::u8), {.min = min, .max = max}, DType::f32);
  }
}

TEST(Minmax, TheEndsBecomeLowAndHigh) {
  const TestTensor x = random_image(DType::f64);
  TestTensor y(DType::f64, x.view().sizes());
  minmax(y, x, {.channel_axis = -1, .low = -2, .high = 6});
  const Array values = y.read();
  const auto [least, most] = std::minmax_element(values.values.begin(), values.values.end());
  EXPECT_EQ(*least, -2);
  EXPECT_NEAR(static_cast<double>(*most), 6, 6 * 2 * 8 * 0x1p-53);
}

TEST(Minmax, AConstantChannelGetsScaleOneAndLow) {
  const TestTensor x(DType::f32, Array({4, 2, 5}, 7));
  TestTensor y(DType::f32, x.view().sizes()), center(DType::f64, Dims{2}), scale(DType::f64, Dims{2});
  minmax(y, x, {.low = 3, .high = 4}, {center, scale});
  EXPECT_TRUE(all_equal(center.read(), 7));
  EXPECT_TRUE(all_equal(scale.read(), 1));
  EXPECT_TRUE(all_equal(y.read(), 3));
}

TEST(Minmax, TheInverseGivesXBack) {
  for (const Per per : {Per::data_set, Per::image, Per::pixel}) {
    expect_inverse([&](TensorView y, ConstTensorView x,
                       const ScalingResults& r) { minmax(y, x, {.per = per, .low = -3, .high = 5}, r); },
                   per, -3);
  }
}

TEST(Minmax, ShiftAndScaleOfXCancel) {
  Array values = random_values({4, 3, 5}, DType::f32, 3);
  for (auto& v : values.values) v = std::nearbyint(v * 8) / 8;
  Array moved = values;
  for (auto& v : moved.values) v = 4 * v + 96;
  TestTensor y(DType::f32, values.sizes);
  const TestTensor x(DType::f32, moved);
  minmax(y, x);
  EXPECT_RIGHT(y, oracle::minmax(values, parameters_of({})));
}

void refused(Code code, const char* text, const MinmaxOptions& options) {
  const TestTensor x = random_image();
  TestTensor y(DType::f32, x.view().sizes());
  EXPECT_REFUSES(code, std::string("[minmax] ") + text, minmax(y, x, options));
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32))) << text;
}

TEST(Minmax, RefusesWhatDoesNotFit) {
  const TestTensor one(DType::f64, Array({3}, 1)), two(DType::f64, Array({3}, 2)), nan(DType::f64, Array({3}, NAN)),
      four(DType::f64, Array({4}, 1));
  refused(Code::usage, "max: expected one with min, got none", {.min = one});
  refused(Code::usage, "min: expected one with max, got none", {.max = one});
  refused(Code::shape, "min: expected 3, got 4", {.min = four, .max = two});
  refused(Code::usage, "max: expected numbers of at least min, got a smaller one or NaN", {.min = two, .max = one});
  refused(Code::usage, "max: expected numbers of at least min, got a smaller one or NaN", {.min = one, .max = nan});
  refused(Code::usage, "low, high: expected finite numbers with low < high, got 1, 1", {.low = 1, .high = 1});
  refused(Code::usage, "low, high: expected finite numbers with low < high, got 2, 1", {.low = 2, .high = 1});
  refused(Code::usage, "low, high: expected finite numbers with low < high, got nan, 1", {.low = NAN});
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 4", {.channel_axis = 4});
}

}  // namespace
}  // namespace poise::test
