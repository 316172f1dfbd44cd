// Undoing input scaling: the oracle in every layout and type, pixels to the nearest byte, and what is refused.

#include <poise/scaling.h>

#include <cmath>
#include <limits>

#include "scaling_expect.h"

namespace poise::test {
namespace {

const Dims shape{5, 3, 7, 4};

struct Scaling {
  explicit Scaling(const Dims& cells, DType type = DType::f64)
      : center(type, random_values(cells, type, 1, 100, 30)), scale(type, random_values(cells, type, 2, 3, 0.1)) {}
  TestTensor center, scale;
};

TEST(InvertScaling, MatchesTheOracleInEveryTypeAndLayout) {
  const Scaling s({3});
  const InvertOptions options{.center = s.center, .scale = s.scale, .shift = 0.5};
  for (const auto& [y_type, x_type] : {TypePair{DType::f32, DType::f32},
                                       {DType::f64, DType::f64},
                                       {DType::bf16, DType::bf16},
                                       {DType::f16, DType::f16},
                                       {DType::bf16, DType::f32},
                                       {DType::f16, DType::f32},
                                       {DType::f32, DType::u8},
                                       {DType::bf16, DType::u8},
                                       {DType::f16, DType::u8}}) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name_of(y_type)) + ">" + name_of(x_type) + " " + name_of(layout));
      const TestTensor y(y_type, random_values(shape, y_type, 3, 0, 300), layout);
      TestTensor x(x_type, shape);
      invert_scaling(x, y, options);
      EXPECT_RIGHT(x, oracle::invert_scaling(y.read(), options));
    }
  }
}

TEST(InvertScaling, PerImageAndPixelWithAndWithoutChannels) {
  for (const Per per : {Per::data_set, Per::image, Per::pixel}) {
    for (const int axis : {-1, 1, 3}) {
      Dims cells;
      if (per == Per::image) cells.push_back(5);
      if (per == Per::pixel) cells = {3, 7, 4};
      if (per != Per::pixel && axis >= 0) cells.push_back(shape[axis]);
      const Scaling s(cells, DType::f32);
      const InvertOptions options{.per = per, .channel_axis = axis, .center = s.center, .scale = s.scale, .shift = -1};
      const TestTensor y(DType::f32, random_values(shape, DType::f32, 4));
      TestTensor x(DType::f32, shape), in_place(DType::f32, y.read());
      invert_scaling(x, y, options);
      EXPECT_RIGHT(x, oracle::invert_scaling(y.read(), options));
      invert_scaling(in_place, in_place, options);
      EXPECT_EQ(x.bits(), in_place.bits());
    }
  }
}

TEST(InvertScaling, PixelsGoToTheNearestByteTiesToEvenAndClamp) {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  const Real from[] = {-infinity, -3, -0.5L, 0.5L, 1.5L, 2.5L, 254.5L, 255.4L, 300, infinity, NAN, 127};
  const Real to[] = {0, 0, 0, 0, 2, 2, 254, 255, 255, 255, 0, 127};
  Array values({1, 1, 12});
  values.values.assign(std::begin(from), std::end(from));
  const TestTensor center(DType::f64, Array({1}, 0)), scale(DType::f64, Array({1}, 1));
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    Context context;
    context.target = target;
    const TestTensor y(DType::f32, values);
    TestTensor x(DType::u8, values.sizes);
    invert_scaling(x, y, {.center = center, .scale = scale}, context);
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(x.read()[i], to[i]) << name_of(target) << " of " << from[i];
  }
}

TEST(InvertScaling, RefusesWhatDoesNotFit) {
  const Scaling s({3});
  const TestTensor y(DType::f32, random_values(shape, DType::f32, 5)), zero(DType::f64, Array({3}, 0)),
      four(DType::f64, Array({4}, 1));
  TestTensor x(DType::f32, shape), f64(DType::f64, shape);
  const auto refused = [&](Code code, const char* text, const InvertOptions& options) {
    EXPECT_REFUSES(code, std::string("[invert_scaling] ") + text, invert_scaling(x, y, options));
  };
  refused(Code::usage, "center, scale: expected both, got none", {});
  refused(Code::usage, "scale: expected one with center, got none", {.center = s.center});
  refused(Code::usage, "center: expected one with scale, got none", {.scale = s.scale});
  refused(Code::shape, "scale: expected 3, got 4", {.center = s.center, .scale = four});
  refused(Code::usage, "scale: expected numbers other than 0, got 0 or NaN", {.center = s.center, .scale = zero});
  EXPECT_THROW(invert_scaling(f64, y, {.center = s.center, .scale = s.scale}), Error);
}

}  // namespace
}  // namespace poise::test
