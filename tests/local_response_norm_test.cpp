// Local response norm: the oracle, the presets, and the mirrored window of its gradient.

#include <poise/local_response_norm.h>

#include <cmath>
#include <limits>

#include "jacobian.h"
#include "local_response_expect.h"

namespace poise::test {
namespace {

// A response that matters: with the papers' alpha, B is little more than k.
constexpr LocalResponseNormOptions strong{.alpha = 0.7};

const Dims shape{3, 11, 5, 7};

TestTensor random_x(DType type = DType::f32, Layout layout = Layout::contiguous, const Dims& sizes = shape) {
  return TestTensor(type, random_values(sizes, type, 61), layout);
}

Layout of_outputs(Layout layout) { return layout == Layout::broadcast ? Layout::contiguous : layout; }

TEST(LocalResponseNorm, MatchesTheOracleInEveryTypeLayoutAndRegion) {
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      for (const Region region : {Region::across, Region::within}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + (region == Region::across ? "" : " within"));
        LocalResponseNormOptions o = strong;
        o.region = region;
        expect_right(random_x(type, layout), o, of_outputs(layout));
      }
    }
  }
}

TEST(LocalResponseNorm, EverySizeEvenOddAndWiderThanTheTensor) {
  for (const std::int64_t size : {1, 2, 3, 4, 5, 6, 7, 10, 21, 22, 23, 1000}) {
    for (const ExtraTap extra : {ExtraTap::before, ExtraTap::after}) {
      for (const Region region : {Region::across, Region::within}) {
        for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::reversed}) {
          SCOPED_TRACE(std::to_string(size) + (extra == ExtraTap::before ? " before " : " after ") + name_of(layout) +
                       (region == Region::across ? "" : " within"));
          LocalResponseNormOptions o = strong;
          o.region = region;
          o.size = size;
          o.extra_tap = extra;
          if (region == Region::within && size > 100) continue;  // the oracle's size^2 taps
          expect_right(random_x(DType::f32, layout), o, layout);
        }
      }
    }
  }
}

TEST(LocalResponseNorm, EveryExponentAndTarget) {
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    Context context;
    context.target = target;
    for (const double exponent : {0.0, 0.3, 0.5, 0.75, 1.0, 2.5}) {
      for (const DType type : floating_types) {
        for (const double k : {0.0, 1.0, 2.0}) {
          SCOPED_TRACE(std::string(name_of(target)) + " " + name_of(type) + " " + std::to_string(exponent));
          expect_right(random_x(type), {.alpha = 3, .exponent = exponent, .k = k}, Layout::contiguous, context);
          expect_right(random_x(type, Layout::channels_last), {.size = 4, .alpha = 3, .exponent = exponent, .k = k},
                       Layout::channels_last, context);
          for (const std::int64_t size : {3, 5}) {  // as many channels as vectors are turned at once, three times
            expect_right(random_x(type, Layout::channels_last, {1, 192, 3}),
                         {.size = size, .alpha = 3, .exponent = exponent, .k = k}, Layout::channels_last, context);
          }
        }
      }
    }
  }
}

TEST(LocalResponseNorm, AnyChannelAxisAndRank) {
  for (const Region region : {Region::across, Region::within}) {
    for (const int axis : {1, 2, 3, -1}) {
      SCOPED_TRACE(axis);
      expect_right(random_x(), {.channel_axis = axis, .region = region, .size = 4, .alpha = 1});
    }
    expect_right(random_x(DType::f32, Layout::contiguous, {33, 19}), {.region = region, .alpha = 1});
    expect_right(random_x(DType::f32, Layout::contiguous, {2, 3, 70}), {.region = region, .alpha = 1});
    expect_right(random_x(DType::f32, Layout::contiguous, {2, 3, 4, 5, 6}), {.region = region, .size = 3, .alpha = 1});
    expect_right(random_x(DType::f32, Layout::contiguous, {4, 1, 1}), {.region = region, .alpha = 1});
  }
}

// Tiles, rings and pieces of rows end inside these.
TEST(LocalResponseNorm, LargePlanesAndManyChannels) {
  for (const Dims& sizes : {Dims{2, 7, 37, 29}, Dims{1, 9, 1500}, Dims{3, 1100, 2}, Dims{130, 40}, Dims{1, 64, 128}}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
      for (const DType type : floating_types) {
        SCOPED_TRACE(sizes.str() + " " + name_of(layout) + " " + name_of(type));
        expect_right(random_x(type, layout, sizes), strong, layout);
      }
    }
  }
}

TEST(LocalResponseNorm, TheLastTileMayBeShorterThanAVector) {
  LocalResponseNormOptions o = strong;
  o.size = 49;
  expect_right(random_x(DType::f32, Layout::contiguous, {2, 50, 193}), o);
}

TEST(LocalResponseNorm, BitsDoNotDependOnThreadsAlignmentPlaceOrLayout) {
  for (const DType type : floating_types) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::stepped}) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      const Dims sizes = layout == Layout::channels_last ? Dims{4, 64, 9, 35} : Dims{4, 13, 37, 35};
      const Array values = random_values(sizes, type, 5), slope = random_values(sizes, type, 6);
      std::vector<std::byte> y_bits, dx_bits;
      for (const int threads : {1, 3}) {
        for (const int off : {0, 1}) {
          for (const StorePolicy store : {StorePolicy::cached, StorePolicy::streaming}) {
            Context context;
            context.threads = threads;
            context.store = store;
            const TestTensor x(type, values, layout, TestTensor::Role::input, off);
            TestTensor in_place(type, values, layout, TestTensor::Role::output, 2 * off);
            TestTensor dx(type, slope, layout, TestTensor::Role::output, 3 * off);
            local_response_norm(in_place, in_place, strong, context);
            local_response_norm_backward({.dx = dx}, dx, x, strong, context);
            if (y_bits.empty()) {
              TestTensor y(type, sizes), apart(type, sizes);
              local_response_norm(y, x, strong, context);
              local_response_norm_backward({.dx = apart}, TestTensor(type, slope), x, strong, context);
              y_bits = y.bits(), dx_bits = apart.bits();
            }
            EXPECT_EQ(in_place.bits(), y_bits) << threads << " " << off;
            EXPECT_EQ(dx.bits(), dx_bits) << threads << " " << off;
            EXPECT_TRUE(in_place.sentinels_intact());
            EXPECT_TRUE(dx.sentinels_intact());
          }
        }
      }
    }
  }
}

// The definitions, typed here a second time: features of the frameworks, not of this library.
TEST(LocalResponseNorm, PresetsAreThePublishedOnes) {
  const double x[] = {1, 2, 3, 4, 5, 6, 7};
  double y[7];
  const auto of_fourth = [&](const char* name, std::int64_t size) {
    LocalResponseNormOptions o = local_response_norm_preset(name);
    o.size = size;
    local_response_norm({y, {1, 7}}, {x, {1, 7}}, o);
    return y[3];
  };
  const double five = 4 + 9 + 16 + 25 + 36;
  EXPECT_DOUBLE_EQ(of_fourth("alexnet", 5), 4 * std::pow(2 + 1e-4 * five, -0.75));
  EXPECT_DOUBLE_EQ(of_fourth("torch", 5), 4 * std::pow(1 + 1e-4 / 5 * five, -0.75));
  EXPECT_DOUBLE_EQ(of_fourth("onnx", 5), 4 * std::pow(1 + 1e-4 / 5 * five, -0.75));
  EXPECT_DOUBLE_EQ(of_fourth("tf", 5), 4 * std::pow(1 + five, -0.5));
  EXPECT_DOUBLE_EQ(of_fourth("caffe", 5), 4 * std::pow(1 + five / 5, -0.75));
  EXPECT_DOUBLE_EQ(of_fourth("torch", 4), 4 * std::pow(1 + 1e-4 / 4 * (4 + 9 + 16 + 25), -0.75));
  EXPECT_DOUBLE_EQ(of_fourth("onnx", 4), 4 * std::pow(1 + 1e-4 / 4 * (9 + 16 + 25 + 36), -0.75));
  EXPECT_EQ(local_response_norm_preset("tf").size, 11);
  for (const std::string_view name : local_response_norm_presets()) {
    Parameters p;
    p.preset = name;
    const TestTensor from = random_x();
    EXPECT_RIGHT(run(technique_named("local_response_norm"), from, {DType::f32}, p),
                 oracle::local_response_norm(from.read(), p), roundings);
    expect_right(from, local_response_norm_preset(name));
  }
  EXPECT_REFUSES(Code::usage,
                 "[local_response_norm] preset: expected one of alexnet, torch, onnx, tf, caffe, got \"theano\"",
                 local_response_norm_preset("theano"));
}

// Of an even window the gradient's window is the mirrored one: only the right one is the derivative.
TEST(LocalResponseNorm, TheGradientIsTheDerivative) {
  const Dims sizes{2, 5, 3, 4};
  const Array values = random_values(sizes, DType::f64, 7, 0.2, 1), slope = random_values(sizes, DType::f64, 8);
  const TestTensor x(DType::f64, values), dy(DType::f64, slope);
  for (const Region region : {Region::across, Region::within}) {
    for (const std::int64_t size : {1, 2, 3, 4, 9}) {
      for (const ExtraTap extra : {ExtraTap::before, ExtraTap::after}) {
        for (const double exponent : {0.5, 0.75, 1.0, 1.7}) {
          const LocalResponseNormOptions o{
              .region = region, .size = size, .extra_tap = extra, .alpha = 0.8, .exponent = exponent, .k = 1.5};
          const auto f = [&](const Vector& at) {
            Vector y(at.size());
            local_response_norm({y.data(), sizes}, {at.data(), sizes}, o);
            return y;
          };
          TestTensor dx(DType::f64, sizes);
          local_response_norm_backward({.dx = dx}, dy, x, o);
          EXPECT_EQ(
              difference(dx.read().values, numerical_gradient(f, Vector(values.values.begin(), values.values.end()),
                                                              Vector(slope.values.begin(), slope.values.end()))),
              "")
              << size << " " << exponent;
        }
      }
    }
  }
}

// A running sum would carry the large square's rounding along: 1e30 would leave nothing of what follows it.
TEST(LocalResponseNorm, NothingDrifts) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
    for (const Real large : {1e10L, 1e30L, 3e38L}) {
      for (const std::int64_t channels : {40, 64}) {
        Array values = random_values({2, channels, 9, 16}, DType::f32, 3);
        for (std::size_t i = 0; i < values.size(); i += 1440) values[i + 700] = large;
        expect_right(TestTensor(DType::f32, values, layout), strong, layout);
      }
    }
  }
}

TEST(LocalResponseNorm, WhereBIsZeroSoAreYAndDx) {
  for (const double exponent : {0.5, 0.75, 1.0, 0.3}) {
    const LocalResponseNormOptions o{.size = 3, .alpha = 1, .exponent = exponent, .k = 0};
    const float x[8] = {0, 0, 0, 4, 0, 0, 0, 0}, dy[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    float y[8], dx[8];
    local_response_norm({y, {1, 8}}, {x, {1, 8}}, o);
    local_response_norm_backward({.dx = {dx, {1, 8}}}, {dy, {1, 8}}, {x, {1, 8}}, o);
    for (const int i : {0, 1, 2, 4, 5, 6, 7}) EXPECT_EQ(y[i], 0) << i;
    for (const int i : {0, 1, 5, 6, 7}) EXPECT_EQ(dx[i], 0) << i;
    EXPECT_GT(y[3], 0);
  }
}

void refused(Code code, const char* text, const LocalResponseNormOptions& options, const Dims& sizes = shape) {
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1));
  TestTensor y(DType::f32, sizes);
  const auto before = y.memory();
  EXPECT_REFUSES(code, std::string("[local_response_norm] ") + text, local_response_norm(y, x, options));
  EXPECT_REFUSES(code, std::string("[local_response_norm] ") + text,
                 local_response_norm_backward({.dx = y}, x, x, options));
  EXPECT_EQ(y.memory(), before);
}

TEST(LocalResponseNorm, RefusesWhatMeansNothing) {
  refused(Code::usage, "size: expected at least 1, got 0", {.size = 0});
  refused(Code::usage, "alpha: expected a finite number of at least 0, got -1", {.alpha = -1});
  refused(Code::usage, "exponent: expected a finite number of at least 0, got -0.5", {.exponent = -0.5});
  refused(Code::usage, "k: expected a finite number of at least 0, got nan",
          {.k = std::numeric_limits<double>::quiet_NaN()});
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 4", {.channel_axis = 4});
  refused(Code::shape, "channel_axis: expected axes without repeats, got 0 twice", {.channel_axis = 0});
}

TEST(LocalResponseNorm, RefusesGradientsItDoesNotHaveAndViewsThatDoNotFit) {
  const TestTensor x = random_x();
  TestTensor dx(DType::f32, shape), other(DType::f32, Dims{3, 11, 5, 6}), wide(DType::f64, shape);
  const std::string start = "[local_response_norm] ";
  EXPECT_REFUSES(Code::usage, start + "dgamma: expected none, got a tensor",
                 local_response_norm_backward({.dx = dx, .dgamma = other}, x, x));
  EXPECT_REFUSES(Code::usage, start + "dbeta: expected none, got a tensor",
                 local_response_norm_backward({.dbeta = other}, x, x));
  EXPECT_REFUSES(Code::shape, start + "dy: expected 3x11x5x7, got 3x11x5x6",
                 local_response_norm_backward({.dx = dx}, other, x));
  EXPECT_REFUSES(Code::usage, start + "dx: expected f32, got f64", local_response_norm_backward({.dx = wide}, x, x));
  local_response_norm_backward({}, x, x);  // nothing asked for, nothing done
}

}  // namespace
}  // namespace poise::test
