// Applying statistics and presets to a data set: the same values as the technique gives for the whole tensor, for every
// pair of types, layout and block; and what is refused.

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "data/apply.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poise/minmax.h>
#include <poise/symmetric.h>
#include <poise/zscore.h>

#include "data/convert.h"
#include "data/scan.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;
using test::throws;

constexpr NpyOptions all_types{.void2_is_bfloat16 = true};
constexpr DType types[] = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::u8};

Tensor random_tensor(DType dtype, const Dims& sizes) {
  std::mt19937 random(3);
  Tensor x(dtype, sizes);
  std::vector<double> values(static_cast<std::size_t>(x.elements()));
  for (double& value : values) value = static_cast<double>(random() % 256);
  const std::span<std::byte> bytes(x.data<std::byte>(), x.bytes());
  if (dtype != DType::u8) narrow(values, dtype, bytes);
  for (std::size_t i = 0; dtype == DType::u8 && i < values.size(); ++i) bytes[i] = static_cast<std::byte>(values[i]);
  return x;
}

std::vector<double> values_of(const Tensor& x) {
  std::vector<double> values(static_cast<std::size_t>(x.elements()));
  widen({x.data<std::byte>(), x.bytes()}, x.dtype(), values);
  return values;
}

struct Applied {
  StatisticsFile file;
  Scaling scaling;
  Tensor y;
};

Applied apply_to(const Tensor& x, int channel_axis, Method method, DType y) {
  const TempFolder folder;
  write_npy(folder / "x.npy", x, false);
  const StatisticsFile file = scan(*open_data_source(folder / "x.npy", all_types), {channel_axis, std::nullopt});
  const auto source = open_data_source(folder / "x.npy", all_types);
  const Scaling scaling = scaling_of(file, method, source->info(), channel_axis);
  NpyWriter output(folder / "y.npy", y, x.sizes(), false);
  Context context;
  apply(*source, scaling, channel_axis, y, output, context);
  output.commit();
  return {file, scaling, read_npy(folder / "y.npy", all_types)};
}

// The formula in long double.
long double scaled(long double x, Method method, double first, double second) {
  if (method == Method::zscore) return (x - first) / (second == 0 ? 1 : second);
  const long double range = second == first ? 1 : static_cast<long double>(second) - first;
  if (method == Method::minmax) return (x - first) / range;
  return second == first ? x - first : (x - (first + range / 2)) * 2 / range;
}

double unit_roundoff(DType type) {
  return type == DType::f64 ? 0x1p-53 : type == DType::f32 ? 0x1p-24 : type == DType::f16 ? 0x1p-11 : 0x1p-8;
}

// y = (x - center) * scale + shift within 6 u of the terms' magnitudes, u of the type it was computed in (float32 at
// least), and one rounding to the stored type; float16 below 2^-14 rounds to multiples of 2^-24.
double bound(double y, double terms, DType type) {
  const double computed = type == DType::f64 ? 0x1p-53 : 0x1p-24;
  const double stored = size_of(type) == 2 ? unit_roundoff(type) * std::abs(y) * (1 + 0x1p-8) : 0;
  return 6 * computed * terms + stored + (type == DType::f16 ? 0x1p-25 : 0);
}

TEST(ApplyTest, EveryPairOfTypesAndMethodFollowsTheFormula) {
  const Dims sizes = {6, 3, 5};
  for (const DType x_type : types) {
    const Tensor x = random_tensor(x_type, sizes);
    const std::vector<double> xs = values_of(x);
    for (const DType y_type : {DType::f32, DType::f64, DType::bf16, DType::f16}) {
      for (const Method method : {Method::zscore, Method::minmax, Method::symmetric}) {
        SCOPED_TRACE(fmt::format("{} to {} method {}", name_of(x_type), name_of(y_type), static_cast<int>(method)));
        const Applied applied = apply_to(x, 1, method, y_type);
        ASSERT_EQ(applied.y.dtype(), y_type);
        ASSERT_EQ(applied.y.sizes(), sizes);
        const std::vector<double> ys = values_of(applied.y);
        for (std::size_t i = 0; i < xs.size(); ++i) {
          const std::size_t c = i / 5 % 3;
          const double first = applied.scaling.first[c], second = applied.scaling.second[c];
          const auto y = static_cast<double>(scaled(xs[i], method, first, second));
          EXPECT_NEAR(ys[i], y, bound(y, std::abs(y), y_type)) << i;
        }
      }
    }
  }
}

TEST(ApplyTest, EveryChannelAxisScalesItsOwnChannels) {
  const Dims sizes = {5, 3, 4, 2};
  const Tensor x = random_tensor(DType::f64, sizes);
  const std::vector<double> xs = values_of(x);
  for (int axis = -1; axis < 4; ++axis) {
    const Applied applied = apply_to(x, axis, Method::zscore, DType::f64);
    const ChannelLayout layout = channel_layout(sizes, axis);
    ASSERT_EQ(applied.scaling.first.size(), static_cast<std::size_t>(layout.channels));
    const std::vector<double> ys = values_of(applied.y);
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const auto c = static_cast<std::size_t>(static_cast<std::int64_t>(i) / layout.inner % layout.channels);
      const auto y =
          static_cast<double>(scaled(xs[i], Method::zscore, applied.scaling.first[c], applied.scaling.second[c]));
      EXPECT_NEAR(ys[i], y, bound(y, std::abs(y), DType::f64)) << "axis " << axis << " value " << i;
    }
  }
}

// Several blocks of 1 MiB, the last one not full, and samples that are the channels: the same bits as at once.
TEST(ApplyTest, BlocksGiveTheBitsOfTheWholeTensor) {
  for (const int axis : {0, 1}) {
    const Tensor x = random_tensor(DType::f32, {1501, 7, 30});
    const Applied applied = apply_to(x, axis, Method::zscore, DType::f32);
    const Tensor whole(DType::f32, x.sizes());
    const std::int64_t channels = x.sizes()[axis];
    zscore(whole, x,
           {.channel_axis = axis,
            .mean = ConstTensorView(applied.scaling.first.data(), {channels}),
            .std = ConstTensorView(applied.scaling.second.data(), {channels})});
    EXPECT_EQ(std::memcmp(whole.data<char>(), applied.y.data<char>(), whole.bytes()), 0) << "axis " << axis;
  }
}

TEST(ApplyTest, FortranOrderGivesTheSameValues) {
  const TempFolder folder;
  const Tensor x = random_tensor(DType::f32, {3, 2, 4});
  write_npy(folder / "c.npy", x, false);
  // The same values with the first axis innermost.
  std::string header = npy_header(DType::f32, x.sizes(), true);
  for (int k = 0; k < 24; ++k) {
    const float value = x.data<float>()[k % 3 * 8 + k / 3 % 2 * 4 + k / 6];
    header.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  folder.write("f.npy", header);
  for (const char* name : {"c.npy", "f.npy"}) {
    const auto source = open_data_source(folder / name);
    NpyWriter output(folder / "y.npy", DType::f32, x.sizes(), true);
    Context context;
    apply(*source, {Method::minmax, {10, 20}, {30, 90}, {}}, 1, DType::f32, output, context);
    output.commit();
    const Tensor y = read_npy(folder / "y.npy");
    for (int k = 0; k < 24; ++k) {
      const auto expected = static_cast<double>(
          scaled(x.data<float>()[k], Method::minmax, k / 4 % 2 == 0 ? 10 : 20, k / 4 % 2 == 0 ? 30 : 90));
      EXPECT_NEAR(y.data<float>()[k], expected, bound(expected, std::abs(expected), DType::f32)) << name << k;
    }
  }
}

TEST(ApplyTest, AConstantChannelKeepsItsScale) {
  Tensor x = random_tensor(DType::u8, {4, 2});
  for (int i = 0; i < 4; ++i) x.data<std::uint8_t>()[2 * i + 1] = 7;
  for (const Method method : {Method::zscore, Method::minmax, Method::symmetric}) {
    const Applied applied = apply_to(x, 1, method, DType::f32);
    EXPECT_EQ(applied.scaling.constant_channels, std::vector<std::int64_t>{1});
    for (int i = 0; i < 4; ++i) EXPECT_EQ(applied.y.data<float>()[2 * i + 1], 0);
  }
}

TEST(ApplyTest, PresetsGiveTheBitsOfThePresetTechnique) {
  const TempFolder folder;
  for (const DType type : {DType::u8, DType::f32}) {
    const Tensor x = random_tensor(type, {4, 3, 50});
    write_npy(folder / "x.npy", x, true);
    for (const Preset& preset : presets()) {
      const auto source = open_data_source(folder / "x.npy");
      NpyWriter output(folder / "y.npy", DType::f32, x.sizes(), true);
      Context context;
      apply(*source, scaling_of(preset, source->info(), 1), 1, DType::f32, output, context);
      output.commit();
      const Tensor expected(DType::f32, x.sizes());
      poise::preset(expected, x, {preset.name, 1});
      const Tensor y = read_npy(folder / "y.npy");
      EXPECT_EQ(std::memcmp(y.data<char>(), expected.data<char>(), y.bytes()), 0) << preset.name;
    }
  }
}

TEST(ApplyTest, WhatDoesNotFitIsRefused) {
  const TempFolder folder;
  const auto info_of = [&](const char* name, const Tensor& x) {
    write_npy(folder / name, x, true);
    return open_data_source(folder / name)->info();
  };
  const SourceInfo bytes = info_of("bytes.npy", random_tensor(DType::u8, {4, 3}));
  const SourceInfo floats = info_of("floats.npy", random_tensor(DType::f32, {4, 3}));
  const SourceInfo two = info_of("two.npy", random_tensor(DType::u8, {4, 2}));
  const StatisticsFile file = scan(*open_data_source(folder / "bytes.npy"), {1, std::nullopt});
  EXPECT_NO_THROW(scaling_of(file, Method::zscore, bytes, 1));
  EXPECT_TRUE(throws(Code::refused, "expected 8-bit data", [&] { scaling_of(file, Method::zscore, floats, 1); }));
  EXPECT_TRUE(throws(Code::shape, "expected 3 channels, got 2", [&] { scaling_of(file, Method::zscore, two, 1); }));
  EXPECT_TRUE(throws(Code::shape, "expected 3 channels, got 1", [&] { scaling_of(file, Method::zscore, bytes, -1); }));
  EXPECT_TRUE(throws(Code::usage, "an axis of shape 4x3", [&] { scaling_of(file, Method::zscore, bytes, 2); }));
  EXPECT_TRUE(throws(Code::shape, "expected 3 channels", [&] { scaling_of(preset_named("imagenet"), two, 1); }));
  EXPECT_TRUE(throws(Code::usage, "zscore, minmax or symmetric", [] { method_named("mean"); }));
  Tensor nan(DType::f32, {4, 1});
  for (int i = 0; i < 4; ++i) nan.data<float>()[i] = NAN;
  const SourceInfo empty = info_of("nan.npy", nan);
  const StatisticsFile nothing = scan(*open_data_source(folder / "nan.npy"), {1, std::nullopt});
  EXPECT_TRUE(
      throws(Code::data, "values in channel 0, got none", [&] { scaling_of(nothing, Method::minmax, empty, 1); }));
}

TEST(ApplyTest, DataWithoutSamplesGivesAnEmptyArray) {
  const TempFolder folder;
  write_npy(folder / "x.npy", Tensor(DType::f32, {0, 3}), false);
  const auto source = open_data_source(folder / "x.npy");
  NpyWriter output(folder / "y.npy", DType::f32, {0, 3}, false);
  Context context;
  apply(*source, {Method::zscore, {0, 0, 0}, {1, 1, 1}, {}}, 1, DType::f32, output, context);
  output.commit();
  EXPECT_EQ(read_npy(folder / "y.npy").sizes(), Dims({0, 3}));
}

// The candidate and its neighbours, so that no value of the type lies nearer; of two equally near the even one.
template <class T, class To>
void expect_nearest(double x, T got, const To& to) {
  const double distance = std::abs(static_cast<double>(to(got)) - x);
  for (const int step : {-1, 1}) {
    const T other{static_cast<std::uint16_t>(got.bits + step)};
    const double other_distance = std::abs(static_cast<double>(to(other)) - x);
    if (std::isnan(other_distance)) continue;
    EXPECT_LE(distance, other_distance) << x;
    EXPECT_TRUE(distance < other_distance || got.bits % 2 == 0) << x;
  }
}

TEST(ConvertTest, Float64RoundsOnceToSixteenBits) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 200'000; ++i) {
    // Halfway between two values of the type, and as little beside it as float64 allows: what rounding to float32 first
    // would lose.
    const bool half = i % 2 == 0;
    const float16 low16{static_cast<std::uint16_t>(random() % 0x7bff)};
    const bfloat16 low{static_cast<std::uint16_t>(random() % 0x7f7f)};
    const float16 high16{static_cast<std::uint16_t>(low16.bits + 1)};
    const bfloat16 high{static_cast<std::uint16_t>(low.bits + 1)};
    double x = half ? (static_cast<double>(to_float(low16)) + to_float(high16)) / 2
                    : (static_cast<double>(to_float(low)) + to_float(high)) / 2;
    const auto side = random() % 3;
    if (side != 0) x = std::nextafter(x, side == 1 ? 0 : 1e300);
    if (random() % 2 == 0) x = -x;
    std::uint16_t bits = 0;
    narrow({&x, 1}, half ? DType::f16 : DType::bf16, std::as_writable_bytes(std::span(&bits, 1)));
    if (half) {
      expect_nearest(x, float16{bits}, [](float16 v) { return to_float(v); });
    } else {
      expect_nearest(x, bfloat16{bits}, [](bfloat16 v) { return to_float(v); });
    }
  }
}

TEST(ConvertTest, NanInfinityAndOverflow) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> values = {NAN, infinity, -infinity, 1e300, -1e300, 65519.99, 65520};
  std::vector<std::uint16_t> bits(values.size());
  narrow(values, DType::f16, std::as_writable_bytes(std::span(bits)));
  EXPECT_TRUE(std::isnan(to_float(float16{bits[0]})));
  EXPECT_EQ(bits[1], 0x7c00);
  EXPECT_EQ(bits[2], 0xfc00);
  EXPECT_EQ(bits[3], 0x7c00);
  EXPECT_EQ(bits[4], 0xfc00);
  EXPECT_EQ(to_float(float16{bits[5]}), 65504.0F);
  EXPECT_EQ(bits[6], 0x7c00);
}

}  // namespace
}  // namespace poise
