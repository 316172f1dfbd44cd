#pragma once

// What the tests of input scaling have in common.

#include <poise/scaling.h>

#include <cmath>
#include <string>

#include "expect.h"

namespace poise::test {

struct TypePair {
  DType x, y;
};
inline constexpr TypePair scaling_type_pairs[] = {
    {DType::f32, DType::f32}, {DType::f64, DType::f64},  {DType::bf16, DType::bf16},
    {DType::f16, DType::f16}, {DType::u8, DType::f32},   {DType::u8, DType::bf16},
    {DType::u8, DType::f16},  {DType::bf16, DType::f32}, {DType::f16, DType::f32}};

inline TestTensor random_image(DType type = DType::f32, Layout layout = Layout::contiguous) {
  return TestTensor(type, random_values({5, 3, 7, 4}, type, 61, 3, 2), layout);
}

// Calls technique(y, x, options, results) and compares y, center and scale with the oracle.
template <class Technique, class Options>
void expect_scaling(Technique technique, const TestTensor& x, const Options& options, const Expected& expected,
                    DType y_type, Layout y_layout) {
  const Dims& cells = expected.results.at("center").value.sizes;
  TestTensor y(y_type, x.view().sizes(), y_layout), center(DType::f64, cells), scale(DType::f64, cells);
  technique(y, x, options, {center, scale}, default_context());
  EXPECT_RIGHT(y, expected);
  EXPECT_RIGHT(center, expected.results.at("center"), "center");
  EXPECT_RIGHT(scale, expected.results.at("scale"), "scale");
}

// y of the forward call turned back into float32 x and into u8 x. y was rounded once, by half an ulp; what that and the
// inverse's own rounding may move x is the oracle's inverse of the stored y, and u8 comes back exactly.
template <class Forward>
void expect_inverse(Forward forward, Per per, double shift, int channel_axis = 1) {
  const TestTensor x = random_image(DType::u8);
  const Dims sizes = x.view().sizes();
  Dims cells{sizes[1]};
  if (per == Per::image) cells = {sizes[0], sizes[1]};
  if (per == Per::pixel) cells = {sizes[1], sizes[2], sizes[3]};
  TestTensor y(DType::f32, sizes), center(DType::f64, cells), scale(DType::f64, cells);
  forward(y, x, ScalingResults{center, scale});
  const InvertOptions options{
      .per = per, .channel_axis = channel_axis, .center = center, .scale = scale, .shift = shift};
  TestTensor back(DType::f32, sizes), pixels(DType::u8, sizes);
  invert_scaling(back, y, options);
  invert_scaling(pixels, y, options);
  EXPECT_RIGHT(back, oracle::invert_scaling(y.read(), options));
  EXPECT_EQ(pixels.bits(), x.bits());
  EXPECT_TRUE(pixels.sentinels_intact());
}

}  // namespace poise::test
