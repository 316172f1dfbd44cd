// Undoing apply: every byte comes back, whatever it was scaled by; floats within their rounding.

#include "data/invert.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "data/scan.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;

// All bytes, in three channels of different range; the last one constant where asked.
Tensor bytes(bool constant) {
  Tensor x(DType::u8, {256, 3, 2});
  auto* data = x.data<std::uint8_t>();
  for (int i = 0; i < 256 * 3 * 2; ++i) {
    const int sample = i / 6, channel = i / 2 % 3;
    data[i] = static_cast<std::uint8_t>(channel == 0 ? sample : channel == 1 ? 100 + sample % 7 : constant ? 9 : i % 2);
  }
  return x;
}

// What comes back from y.
Tensor inverted(const TempFolder& folder, const Scaling& scaling, int axis, DType x) {
  const auto source = open_data_source(folder / "y.npy", {.void2_is_bfloat16 = true});
  NpyWriter output(folder / "x.npy", x, source->info().shape, true);
  Context context;
  invert(*source, scaling, axis, x, output, context);
  output.commit();
  return read_npy(folder / "x.npy", {.void2_is_bfloat16 = true});
}

void apply_to(const TempFolder& folder, const Scaling& scaling, int axis, DType y) {
  const auto source = open_data_source(folder / "data.npy");
  NpyWriter output(folder / "y.npy", y, source->info().shape, true);
  Context context;
  apply(*source, scaling, axis, y, output, context);
  output.commit();
}

void expect_equal(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.dtype(), b.dtype());
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_EQ(std::memcmp(a.data<std::byte>(), b.data<std::byte>(), a.bytes()), 0);
}

TEST(InvertTest, EveryByteComesBackFromEveryMethodTypeAndAxis) {
  const TempFolder folder;
  for (const bool constant : {false, true}) {
    const Tensor x = bytes(constant);
    write_npy(folder / "data.npy", x, true);
    for (const int axis : {-1, 0, 1, 2}) {
      const StatisticsFile file = scan(*open_data_source(folder / "data.npy"), {axis, std::nullopt});
      const SourceInfo info = open_data_source(folder / "data.npy")->info();
      for (const Method method : {Method::zscore, Method::minmax, Method::symmetric}) {
        const Scaling scaling = scaling_of(file, method, info, axis);
        for (const DType y : {DType::f32, DType::f64, DType::f16}) {
          SCOPED_TRACE(testing::Message() << "axis " << axis << " method " << static_cast<int>(method) << name_of(y));
          apply_to(folder, scaling, axis, y);
          expect_equal(inverted(folder, scaling, axis, DType::u8), x);
        }
      }
    }
  }
}

TEST(InvertTest, EveryByteComesBackFromEveryPresetAndWithEps) {
  const TempFolder folder;
  const Tensor x = bytes(false);
  write_npy(folder / "data.npy", x, true);
  const SourceInfo info = open_data_source(folder / "data.npy")->info();
  for (const Preset& preset : presets()) {
    const Scaling scaling = scaling_of(preset, info, 1);
    apply_to(folder, scaling, 1, DType::f32);
    expect_equal(inverted(folder, scaling, 1, DType::u8), x);
  }
  const StatisticsFile file = scan(*open_data_source(folder / "data.npy"), {1, std::nullopt});
  const Scaling scaling = scaling_of(file, Method::zscore, info, 1, 0.5);
  // eps is of values in [0, 1].
  EXPECT_DOUBLE_EQ(scaling.second[1], std::sqrt(std::pow(file.statistics.summary(1).std, 2) + 0.5 * 255 * 255));
  apply_to(folder, scaling, 1, DType::f32);
  expect_equal(inverted(folder, scaling, 1, DType::u8), x);
}

// y = (x - c) s errs by 6 u |y|, its inverse by 6 u (|y / s| + |c|) more: within 12 u of the largest magnitude.
TEST(InvertTest, FloatsComeBackWithinTheirRounding) {
  const TempFolder folder;
  Tensor x(DType::f32, {40, 5});
  for (int i = 0; i < 200; ++i) x.data<float>()[i] = 1e4F + static_cast<float>(std::sin(i)) * 100;
  write_npy(folder / "data.npy", x, true);
  const SourceInfo info = open_data_source(folder / "data.npy")->info();
  const StatisticsFile file = scan(*open_data_source(folder / "data.npy"), {1, std::nullopt});
  for (const Method method : {Method::zscore, Method::minmax, Method::symmetric}) {
    const Scaling scaling = scaling_of(file, method, info, 1);
    apply_to(folder, scaling, 1, DType::f32);
    const Tensor back = inverted(folder, scaling, 1, DType::f32);
    for (int i = 0; i < 200; ++i) EXPECT_NEAR(back.data<float>()[i], x.data<float>()[i], 12 * 0x1p-24 * 10100);
  }
}

// By way of float64, too, bytes are rounded to the nearest and clamped.
TEST(InvertTest, WhatLeavesTheBytesIsClamped) {
  const TempFolder folder;
  for (const DType type : {DType::f32, DType::f64}) {
    Tensor y(type, {6});
    const double values[] = {-1, 0.25, 1.5, 2.5, 300, NAN};
    for (int i = 0; i < 6; ++i) {
      if (type == DType::f32) y.data<float>()[i] = static_cast<float>(values[i]);
      if (type == DType::f64) y.data<double>()[i] = values[i];
    }
    write_npy(folder / "y.npy", y, true);
    const Tensor x = inverted(folder, {Method::zscore, {0}, {1}, {}}, -1, DType::u8);
    const std::uint8_t expected[] = {0, 0, 2, 2, 255, 0};
    EXPECT_EQ(std::memcmp(x.data<std::uint8_t>(), expected, 6), 0) << name_of(type);
  }
}

}  // namespace
}  // namespace poise
