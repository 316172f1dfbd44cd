// What the papers' formulas say of each other and of their input's changes. The same bits where the computation is the
// same; else both sides lie within the oracle's bound of one reference, so at most two bounds apart.

#include <poise/poise.h>

#include <algorithm>
#include <cmath>

#include "expect.h"

namespace poise::test {
namespace {

const Dims shape{5, 6, 7, 3};
constexpr Layout two_layouts[] = {Layout::contiguous, Layout::channels_last};

struct Channels {
  TestTensor gamma{DType::f32, random_values({6}, DType::f32, 1, 1, 0.5)};
  TestTensor beta{DType::f32, random_values({6}, DType::f32, 2, 0, 1)};
};

// y of a technique with these parameters; the layout is x's and y's.
Array normalized(const char* name, const Array& x, const Parameters& p, Layout layout = Layout::contiguous) {
  return run(technique_named(name), TestTensor(x.type, x, layout), {x.type, layout}, p).y.read();
}

// Empty where a and b, both approximations of expected.y, are at most two bounds apart.
std::string apart(const Array& a, const Array& b, const Expected& expected) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Real bound = 2 * map_bound(expected.x, expected.t[i], expected.shift[i], expected.growth[i]);
    if (!(std::fabs(a[i] - b[i]) <= bound)) return sentence("y", i, a[i], b[i], bound);
  }
  return "";
}

Parameters with(const Channels& c) {
  Parameters p;
  p.gamma = c.gamma;
  p.beta = c.beta;
  return p;
}

struct Case {
  const char* technique;
  Parameters p;
};

// All that center on the mean of what they normalize.
std::vector<Case> centering() {
  Parameters rows;
  rows.axes = {1, 2, 3};
  Parameters groups;
  groups.groups = 2;
  return {{"batch_norm", {}}, {"layer_norm", rows}, {"layer_norm", {}}, {"instance_norm", {}}, {"group_norm", groups}};
}

std::vector<Case> all() {
  auto cases = centering();
  Parameters rows;
  rows.axes = {2, 3};
  cases.push_back({"rms_norm", rows});
  return cases;
}

TEST(Identities, GroupNormOfOneGroupIsLayerNormWithGammaPerChannel) {
  const Channels c;
  for (const DType type : {DType::f32, DType::f64}) {
    for (const Layout layout : two_layouts) {
      const Array x = random_values(shape, type, 3, 100, 2);
      Parameters group = with(c), layer = with(c);
      group.groups = 1;
      layer.axes = {1, 2, 3};
      layer.gamma_axes = {1};
      EXPECT_EQ(apart(normalized("group_norm", x, group, layout), normalized("layer_norm", x, layer, layout),
                      oracle::group_norm(x, group)),
                "")
          << name_of(type) << " " << name_of(layout);
    }
  }
}

TEST(Identities, GroupNormOfAsManyGroupsAsChannelsIsInstanceNorm) {
  const Channels c;
  for (const DType type : {DType::f32, DType::f64}) {
    for (const Layout layout : two_layouts) {
      const Array x = random_values(shape, type, 4, 100, 2);
      Parameters group = with(c);
      group.groups = 6;
      EXPECT_EQ(apart(normalized("group_norm", x, group, layout), normalized("instance_norm", x, with(c), layout),
                      oracle::group_norm(x, group)),
                "")
          << name_of(type) << " " << name_of(layout);
    }
  }
}

TEST(Identities, BatchNormOfOneSampleIsInstanceNorm) {
  const Channels c;
  const Dims one{1, 6, 7, 3};
  for (const DType type : {DType::f32, DType::f64}) {
    for (const Layout layout : two_layouts) {
      const Array x = random_values(one, type, 5, -30, 2);
      EXPECT_EQ(apart(normalized("batch_norm", x, with(c), layout), normalized("instance_norm", x, with(c), layout),
                      oracle::instance_norm(x, with(c))),
                "")
          << name_of(type) << " " << name_of(layout);
    }
  }
}

// momentum 1 makes the running statistics this batch's; float64 keeps them whole.
TEST(Identities, EvaluationWithTheBatchsStatisticsIsTraining) {
  const Channels c;
  const Array x = random_values(shape, DType::f32, 6, 3, 2);
  const TestTensor mean(DType::f64, Array(Dims{6}, 0)), variance(DType::f64, Array(Dims{6}, 1));
  TestTensor new_mean(DType::f64, Dims{6}), new_variance(DType::f64, Dims{6}), y(DType::f32, shape);
  batch_norm(y, TestTensor(DType::f32, x),
             {.gamma = c.gamma,
              .beta = c.beta,
              .running_mean = mean,
              .running_var = variance,
              .running_divisor = Divisor::population,
              .momentum = 1},
             {.running_mean = new_mean, .running_var = new_variance});
  Parameters evaluation = with(c);
  evaluation.mode = BatchNormMode::evaluation;
  evaluation.running_mean = new_mean;
  evaluation.running_var = new_variance;
  EXPECT_EQ(apart(normalized("batch_norm", x, evaluation), y.read(), oracle::batch_norm(x, evaluation)), "");
}

// v and -v in turn: the mean is 0, and the variance the mean square.
TEST(Identities, RmsNormOfWhatHasNoMeanIsLayerNorm) {
  Array x = random_values({9, 40}, DType::f32, 7, 3, 2);
  for (std::size_t i = 1; i < x.size(); i += 2) x[i] = -x[i - 1];
  const Parameters p;
  EXPECT_EQ(apart(normalized("rms_norm", x, p), normalized("layer_norm", x, p), oracle::rms_norm(x, p)), "");
}

TEST(Identities, LayerNormOverAllChannelsDoesNotCareWhichAxisTheyAreOn) {
  const TestTensor x(DType::f32, random_values({4, 9, 5}, DType::f32, 8));
  const TestTensor gamma(DType::f32, random_values({9}, DType::f32, 9, 1, 0.5));
  TestTensor y(DType::f32, Dims{4, 9, 5}), turned(DType::f32, Dims{4, 9, 5});
  layer_norm(y, x, {.axes = {1}, .gamma = gamma});
  // The same memory with the last two axes exchanged.
  const Dims sizes{4, 5, 9}, strides{45, 1, 5};
  layer_norm(TensorView(turned.view().data(), DType::f32, sizes, strides),
             ConstTensorView(x.view().data(), DType::f32, sizes, strides), {.axes = {2}, .gamma = gamma});
  EXPECT_EQ(y.bits(), turned.bits());
}

TEST(Identities, AnotherLayoutPermutesTheResult) {
  for (const Case& c : all()) {
    const Array x = random_values(shape, DType::f32, 10, 50, 2);
    const Expected expected = oracle_named(c.technique)(x, c.p);
    const Array y = normalized(c.technique, x, c.p);
    for (const Layout layout : {Layout::channels_last, Layout::sliced, Layout::transposed, Layout::reversed}) {
      EXPECT_EQ(apart(normalized(c.technique, x, c.p, layout), y, expected), "")
          << c.technique << " " << name_of(layout);
    }
  }
}

// Row-major x with `axis` read in the order `order`.
Array permuted(const Array& x, int axis, const std::vector<std::int64_t>& order) {
  Array result(x.sizes, 0, x.type);
  std::size_t i = 0;
  for_each_index(x.sizes, [&](const Dims& index) {
    std::int64_t at = 0;
    for (int a = 0; a < x.sizes.size(); ++a) {
      at = at * x.sizes[a] + (a == axis ? order[static_cast<std::size_t>(index[a])] : index[a]);
    }
    result[i++] = x[static_cast<std::size_t>(at)];
  });
  return result;
}

// Samples are cells of their own: the same bits, elsewhere. Batch norm shares them: within the bound.
TEST(Identities, PermutingSamplesPermutesTheResult) {
  const std::vector<std::int64_t> order{3, 0, 4, 2, 1};
  for (const Case& c : all()) {
    for (const Layout layout : two_layouts) {
      const Array x = random_values(shape, DType::f32, 11, 50, 2);
      const Array y = permuted(normalized(c.technique, x, c.p, layout), 0, order);
      const Array x_permuted = permuted(x, 0, order);
      const Array of_permuted = normalized(c.technique, x_permuted, c.p, layout);
      if (std::string_view(c.technique) == "batch_norm") {
        EXPECT_EQ(apart(of_permuted, y, oracle::batch_norm(x_permuted, c.p)), "") << name_of(layout);
      } else {
        EXPECT_EQ(of_permuted.values, y.values) << c.technique << " " << name_of(layout);
      }
    }
  }
}

TEST(Identities, PermutingPositionsPermutesTheResult) {
  const std::vector<std::int64_t> order{6, 2, 0, 5, 1, 4, 3};
  for (const Case& c : all()) {
    for (const Layout layout : two_layouts) {
      const Array x = permuted(random_values(shape, DType::f32, 12, 50, 2), 2, order);
      const Array y =
          permuted(normalized(c.technique, random_values(shape, DType::f32, 12, 50, 2), c.p, layout), 2, order);
      EXPECT_EQ(apart(normalized(c.technique, x, c.p, layout), y, oracle_named(c.technique)(x, c.p)), "")
          << c.technique << " " << name_of(layout);
    }
  }
}

// Multiples of 2^-8 below 8: the sum with these integers is exact, so only the mean moves.
TEST(Identities, WhatCentersDoesNotSeeAShift) {
  Array x = random_values(shape, DType::f32, 13, 0, 2);
  for (auto& v : x.values) v = std::nearbyint(std::fmin(std::fmax(v, -7.0L), 7.0L) * 256) / 256;
  for (const Case& c : centering()) {
    const Expected expected = oracle_named(c.technique)(x, c.p);
    const Array y = normalized(c.technique, x, c.p);
    for (const Real shift : {1.0L, -64.0L, 16384.0L}) {
      Array shifted = x;
      for (auto& v : shifted.values) v += shift;
      EXPECT_EQ(apart(normalized(c.technique, shifted, c.p), y, expected), "") << c.technique << " by " << shift;
    }
  }
}

// A power of two changes no significand on the way: the same bits; so does the sign, but for y's own.
TEST(Identities, WithoutEpsTheScaleOfXIsInvisible) {
  for (Case c : all()) {
    c.p.eps = 0;
    for (const Layout layout : two_layouts) {
      const Array x = random_values(shape, DType::f32, 14, 3, 2);
      const Array y = normalized(c.technique, x, c.p, layout);
      for (const Real factor : {0x1p-20L, 2.0L, 0x1p30L, -1.0L}) {
        Array scaled = x;
        for (auto& v : scaled.values) v *= factor;
        Array expected = y;
        if (factor < 0) {
          for (auto& v : expected.values) v = -v;
        }
        EXPECT_EQ(normalized(c.technique, scaled, c.p, layout).values, expected.values)
            << c.technique << " by " << factor;
      }
    }
  }
}

// eps inside is a variance and outside a deviation: scaled as such, it is invisible too.
TEST(Identities, EpsScalesAsItsPlaceSays) {
  for (Case c : all()) {
    const Array x = random_values(shape, DType::f32, 15, 3, 2);
    Array scaled = x;
    for (auto& v : scaled.values) v *= 1024;
    for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
      c.p.eps_place = place;
      c.p.eps = 0.25;
      const Array y = normalized(c.technique, x, c.p);
      c.p.eps *= place == EpsPlace::outside ? 1024 : 1024 * 1024;
      EXPECT_EQ(normalized(c.technique, scaled, c.p).values, y.values) << c.technique;
    }
  }
}

TEST(Identities, TwiceGammaIsTwiceTheResult) {
  for (Case c : all()) {
    const Array x = random_values(shape, DType::f32, 16, 3, 2);
    const Dims sizes = technique_named(c.technique).shape_of("gamma", shape, c.p);
    Array values = random_values(sizes, DType::f32, 17, 1, 0.5);
    const TestTensor gamma(DType::f32, values);
    for (auto& v : values.values) v *= 2;
    const TestTensor twice(DType::f32, values);
    c.p.gamma = gamma;
    Array y = normalized(c.technique, x, c.p);
    for (auto& v : y.values) v *= 2;
    c.p.gamma = twice;
    EXPECT_EQ(normalized(c.technique, x, c.p).values, y.values) << c.technique;
  }
}

}  // namespace
}  // namespace poise::test
