// Global response normalization: the paper's formula by number, its two scopes.

#include <poise/global_response_norm.h>

#include <cmath>

#include "technique_expect.h"

namespace poise::test {
namespace {

constexpr const char* name = "global_response_norm";
const Dims shape{5, 6, 7, 3};

TEST(GlobalResponseNorm, MatchesTheOracleInEveryTypeAndLayout) {
  for (const char* variant : {"", "scope=batch", "channel_axes=-1:eps=0.3", "channel_axes=2:scope=batch", "mask=given",
                              "mask=given:masked=normalize:scope=batch"}) {
    expect_right_everywhere(name, variant, shape);
  }
}

TEST(GlobalResponseNorm, GradientsAreTheDerivative) {
  for (const char* variant : {"", "scope=batch", "channel_axes=2:eps=0.3", "mask=given:masked=keep"}) {
    expect_gradients(name, variant, {3, 4, 5});
  }
}

// G = (5, 1), their mean 3: N = (5/3, 1/3).
TEST(GlobalResponseNorm, ByNumber) {
  const TestTensor x(DType::f64, array_of({1, 2, 2}, {3, 4, 1, 0}));
  const TestTensor gamma(DType::f64, array_of({2}, {3, 6})), beta(DType::f64, array_of({2}, {1, -1}));
  TestTensor y(DType::f64, Dims{1, 2, 2}), scale(DType::f64, Dims{1, 2});
  global_response_norm(y, x, {.gamma = gamma, .beta = beta, .eps = 0}, {scale});
  const std::vector<Real> expected{19, 25, 2, -1};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(static_cast<double>(y.read()[i]), static_cast<double>(expected[i]), 1e-14);
  EXPECT_NEAR(static_cast<double>(scale.read()[0]), 5.0 / 3, 1e-15);
  EXPECT_NEAR(static_cast<double>(scale.read()[1]), 1.0 / 3, 1e-15);
}

// A sample is mapped while the next one is measured, by whoever measured it, or all are measured first: which of these
// depends on how many threads share how many samples.
TEST(GlobalResponseNorm, SamplesTogetherOrApartGiveTheSameBits) {
  for (const Dims& sizes : {Dims{6, 37, 31, 9}, Dims{3, 5, 70001}, Dims{2, 531, 67}, Dims{1, 64, 900}}) {
    const TestTensor gamma(DType::f32, random_values({sizes[1]}, DType::f32, 5));
    const TestTensor beta(DType::f32, random_values({sizes[1]}, DType::f32, 6));
    for (const DType type : {DType::f32, DType::bf16}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        const Array values = random_values(sizes, type, 7, 3, 2);
        std::vector<std::byte> bits;
        for (const int threads : {1, 2, 3, 5}) {
          SCOPED_TRACE(std::to_string(sizes[1]) + " " + name_of(layout) + " " + std::to_string(threads) + " threads");
          Context context;
          context.threads = threads;
          const TestTensor x(type, values, layout);
          TestTensor y(type, sizes, layout), in_place(type, values, layout, TestTensor::Role::output);
          global_response_norm(y, x, {.gamma = gamma, .beta = beta}, {}, context);
          global_response_norm(in_place, in_place, {.gamma = gamma, .beta = beta}, {}, context);
          if (bits.empty()) bits = y.bits();
          EXPECT_EQ(y.bits(), bits);
          EXPECT_EQ(in_place.bits(), bits);
          EXPECT_TRUE(y.sentinels_intact() && in_place.sentinels_intact());
        }
      }
    }
  }
}

TEST(GlobalResponseNorm, GradientsOfSamplesTogetherOrApartAreTheSameBits) {
  for (const Dims& sizes : {Dims{6, 37, 31, 9}, Dims{3, 5, 70001}, Dims{2, 531, 67}, Dims{1, 64, 900}}) {
    const Dims channels{sizes[1]};
    const TestTensor gamma(DType::f32, random_values(channels, DType::f32, 5));
    for (const DType type : {DType::f32, DType::bf16}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        const TestTensor x(type, random_values(sizes, type, 7, 3, 2), layout);
        const Array upstream = random_values(sizes, type, 8);
        std::vector<std::byte> bits[3];
        for (const int threads : {1, 2, 3, 5}) {
          SCOPED_TRACE(std::to_string(sizes[1]) + " " + name_of(layout) + " " + std::to_string(threads) + " threads");
          Context context;
          context.threads = threads;
          const TestTensor dy(type, upstream, layout);
          TestTensor dx(type, sizes, layout), in_place(type, upstream, layout, TestTensor::Role::output);
          TestTensor dgamma(DType::f32, channels), dbeta(DType::f32, channels);
          const GlobalResponseNormOptions options{.gamma = gamma};
          global_response_norm_backward({.dx = dx, .dgamma = dgamma, .dbeta = dbeta}, dy, x, options, context);
          global_response_norm_backward({.dx = in_place}, in_place, x, options, context);
          if (threads == 1) {
            bits[0] = dx.bits();
            bits[1] = dgamma.bits();
            bits[2] = dbeta.bits();
          }
          EXPECT_EQ(dx.bits(), bits[0]);
          EXPECT_EQ(in_place.bits(), bits[0]);
          EXPECT_EQ(dgamma.bits(), bits[1]);
          EXPECT_EQ(dbeta.bits(), bits[2]);
          EXPECT_TRUE(dx.sentinels_intact() && in_place.sentinels_intact());
        }
      }
    }
  }
}

// The paper initializes gamma and beta with zeros: a residual connection only.
TEST(GlobalResponseNorm, WithoutGammaItIsTheIdentity) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::sliced}) {
    const TestTensor x(DType::f32, random_values(shape, DType::f32, 1, 100, 2), layout);
    TestTensor y(DType::f32, shape, layout);
    global_response_norm(y, x);
    EXPECT_EQ(y.bits(), x.bits());
    TestTensor dx(DType::f32, shape, layout);
    global_response_norm_backward({.dx = dx}, x, x);
    EXPECT_EQ(dx.bits(), x.bits());
  }
}

TEST(GlobalResponseNorm, ASampleOfZerosGivesBeta) {
  const TestTensor x(DType::f32, Array(shape)), gamma(DType::f32, random_values({6}, DType::f32, 1));
  const TestTensor beta(DType::f32, Array({6}, 0.7L));
  for (const double eps : {0.0, 1e-6}) {
    TestTensor y(DType::f32, shape), dx(DType::f32, shape), dgamma(DType::f32, Dims{6});
    global_response_norm(y, x, {.gamma = gamma, .beta = beta, .eps = eps});
    EXPECT_TRUE(all_equal(y.read(), rounded(0.7L, DType::f32)));
    const TestTensor dy(DType::f32, random_values(shape, DType::f32, 2));
    global_response_norm_backward({.dx = dx, .dgamma = dgamma}, dy, x, {.gamma = gamma, .eps = eps});
    EXPECT_EQ(dx.bits(), dy.bits());
    EXPECT_TRUE(all_equal(dgamma.read(), 0));
  }
}

TEST(GlobalResponseNorm, OneSampleHasOneScope) {
  const Dims one{1, 6, 7, 3};
  const TestTensor x(DType::f64, random_values(one, DType::f64, 3)),
      gamma(DType::f64, random_values({6}, DType::f64, 4));
  TestTensor y(DType::f64, one), z(DType::f64, one);
  global_response_norm(y, x, {.gamma = gamma});
  global_response_norm(z, x, {.scope = ResponseScope::batch, .gamma = gamma});
  const Array a = y.read(), b = z.read();
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_LE(std::fabs(a[i] - b[i]), 100 * w * std::fabs(a[i]));
}

TEST(GlobalResponseNorm, RefusesWhatDoesNotFit) {
  const TestTensor five(DType::f32, Dims{5});
  const auto refused = [](Code code, const char* text, const GlobalResponseNormOptions& o) {
    expect_refused(name, code, text, shape, [&](TensorView y, ConstTensorView x) { global_response_norm(y, x, o); });
  };
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 4", {.channel_axis = 4});
  refused(Code::shape, "channel_axis: expected axes without repeats, got 0 twice", {.channel_axis = 0});
  refused(Code::shape, "gamma: expected 6, got 5", {.gamma = five});
  refused(Code::shape, "beta: expected 6, got 5", {.beta = five});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
  TestTensor scale(DType::f64, Dims{6});
  expect_refused(name, Code::shape, "scale: expected 5x6, got 6", shape,
                 [&](TensorView y, ConstTensorView x) { global_response_norm(y, x, {}, {scale}); });
}

}  // namespace
}  // namespace poise::test
