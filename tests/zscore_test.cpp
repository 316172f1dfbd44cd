// Standardization of input data: the oracle, statistics given or measured, and its inverse.

#include <poise/zscore.h>

#include "scaling_expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const ZscoreOptions& o) {
  Parameters p;
  p.per = o.per;
  p.channel_axes = {o.channel_axis};
  p.mean = o.mean;
  p.std = o.std;
  p.eps = o.eps;
  p.eps_place = o.eps_place;
  p.divisor = o.divisor;
  return p;
}

void expect_right(const TestTensor& x, const ZscoreOptions& options, DType y_type, Layout y_layout = {}) {
  expect_scaling(zscore, x, options, oracle::zscore(x.read(), parameters_of(options)), y_type, y_layout);
}

TEST(Zscore, MatchesTheOracleInEveryTypePairAndLayout) {
  for (const auto& [type, y_type] : scaling_type_pairs) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(type)) + ">" + name_of(y_type) + " " + name_of(layout));
      expect_right(random_image(type, layout), {}, y_type);
    }
  }
}

TEST(Zscore, PerDataSetImageAndPixelWithAndWithoutChannels) {
  for (const Per per : {Per::data_set, Per::image, Per::pixel}) {
    for (const int axis : {-1, 1, 3}) {
      SCOPED_TRACE(axis);
      expect_right(random_image(), {.per = per, .channel_axis = axis}, DType::f32);
      expect_right(random_image(DType::u8, Layout::channels_last), {.per = per, .channel_axis = axis}, DType::f32,
                   Layout::channels_last);
    }
  }
}

TEST(Zscore, GivenStatisticsAreAppliedAndOfAnyType) {
  for (const DType type : floating_types) {
    const TestTensor mean(type, random_values({3}, type, 1)), std(type, Array({3}, 2.5L));
    expect_right(random_image(), {.mean = mean, .std = std}, DType::f32);
    expect_right(random_image(DType::u8), {.mean = mean, .std = std, .eps = 0.5}, DType::f32);
  }
}

TEST(Zscore, EveryEpsPlaceAndDivisor) {
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
      for (const double eps : {0.0, 0.3, 100.0}) {
        expect_right(random_image(), {.eps = eps, .eps_place = place, .divisor = divisor}, DType::f32);
      }
    }
  }
}

TEST(Zscore, AConstantChannelGetsScaleOneAndZeros) {
  Array values = random_values({4, 2, 5}, DType::f32, 2);
  const Keys channel = keys_along(values.sizes, {1});
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = channel[i] == 0 ? 7 : values[i];
  const TestTensor x(DType::f32, values);
  TestTensor y(DType::f32, values.sizes), center(DType::f64, Dims{2}), scale(DType::f64, Dims{2});
  zscore(y, x, {}, {center, scale});
  EXPECT_EQ(center.read()[0], 7);
  EXPECT_EQ(scale.read()[0], 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (channel[i] == 0) {
      EXPECT_EQ(y.read()[i], 0);
    }
  }
}

TEST(Zscore, TheInverseGivesXBack) {
  for (const Per per : {Per::data_set, Per::image, Per::pixel}) {
    expect_inverse([&](TensorView y, ConstTensorView x, const ScalingResults& r) { zscore(y, x, {.per = per}, r); },
                   per, 0);
  }
}

TEST(Zscore, ShiftAndScaleOfXCancel) {
  Array values = random_values({4, 3, 5}, DType::f32, 3);
  for (auto& v : values.values) v = std::nearbyint(v * 8) / 8;
  Array moved = values;
  for (auto& v : moved.values) v = 4 * v + 96;
  TestTensor y(DType::f32, values.sizes);
  const TestTensor x(DType::f32, moved);
  zscore(y, x);
  EXPECT_RIGHT(y, oracle::zscore(values, parameters_of({})));
}

void refused(Code code, const char* text, const ZscoreOptions& options) {
  const TestTensor x = random_image();
  TestTensor y(DType::f32, x.view().sizes());
  EXPECT_REFUSES(code, std::string("[zscore] ") + text, zscore(y, x, options));
  EXPECT_TRUE(all_equal(y.read(), load(y.memory().data(), DType::f32))) << text;
}

TEST(Zscore, RefusesStatisticsThatDoNotFit) {
  const TestTensor three(DType::f64, Array({3}, 1)), four(DType::f64, Array({4}, 1));
  Array values({3}, 1);
  values[1] = -1;
  const TestTensor negative(DType::f64, values);
  values[1] = 0;
  const TestTensor zero(DType::f64, values);
  values[1] = NAN;
  const TestTensor nan(DType::f64, values);
  refused(Code::usage, "std: expected one with mean, got none", {.mean = three});
  refused(Code::usage, "mean: expected one with std, got none", {.std = three});
  refused(Code::shape, "mean: expected 3, got 4", {.mean = four, .std = three});
  refused(Code::shape, "std: expected 3, got 4", {.mean = three, .std = four});
  refused(Code::shape, "mean: expected 5x3, got 3", {.per = Per::image, .mean = three, .std = three});
  refused(Code::usage, "std: expected positive numbers, got 0, a negative number or NaN",
          {.mean = three, .std = negative});
  refused(Code::usage, "std: expected positive numbers, got 0, a negative number or NaN", {.mean = three, .std = zero});
  refused(Code::usage, "std: expected positive numbers, got 0, a negative number or NaN", {.mean = three, .std = nan});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
}

TEST(Zscore, RefusesAxesThatDoNotFit) {
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 4", {.channel_axis = 4});
  refused(Code::shape, "channel_axis: expected axes without repeats, got 0 twice",
          {.per = Per::image, .channel_axis = 0});
}

}  // namespace
}  // namespace poise::test
