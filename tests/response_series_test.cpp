// Local response norm where the power is a polynomial: the polynomials, and windows about where they end.

#include "schedule/response_series.h"

#include <cmath>
#include <limits>
#include <vector>

#include "local_response_expect.h"

namespace poise::test {
namespace {

constexpr double exponents[] = {0.5, 0.75, 1.0};
constexpr Target vector_targets[] = {Target::sse4, Target::avx2, Target::avx512};

LocalResponseJob job_of(double alpha, double k, double exponent) {
  LocalResponseJob job;
  job.alpha = alpha;
  job.k = k;
  job.exponent = exponent;
  return job;
}

Real value_of(const float* c, Real z) {
  Real v = 0;
  for (int i = ResponseSeries::terms; i-- > 0;) v = v * z + c[i];
  return v;
}

// Whether c is first * (1 + fraction * z)^-exponent from 0 to `most` but for `error` of it, and for half an ulp of each
// coefficient.
void expect_power(const float* c, Real most, Real fraction, Real exponent, Real first, Real error) {
  for (int i = 0; i <= 4000; ++i) {
    const Real z = most * i / 4000, power = first * std::pow(1 + fraction * z, -exponent);
    Real bound = error * power, term = 1;
    for (int k = 0; k < ResponseSeries::terms; ++k, term *= z) bound += 0x1p-24L * std::fabs(c[k]) * term;
    ASSERT_LE(std::fabs(value_of(c, z) - power), bound) << static_cast<double>(exponent) << " " << i;
  }
}

TEST(LocalResponseSeries, ThePolynomialsAreThePowers) {
  for (const double exponent : exponents) {
    for (const double ratio : {0.5, 0.7, 1e-4, 0x1p-100, 0x1p100}) {
      const ResponseSeries s = forward_series(job_of(ratio, 1, exponent));
      ASSERT_GT(s.most, 0);
      expect_power(s.c, s.most, static_cast<Real>(ratio) / s.unit, exponent, 1, 0x1p-26L);
    }
  }
}

TEST(LocalResponseGradients, ThePolynomialsAreThePowers) {
  for (const double exponent : exponents) {
    for (const double ratio : {0.5, 0.7, 1e-4, 2e-4, 0x1p-100, 0x1p100}) {
      const GradientSeries s = gradient_series(job_of(ratio, 1, exponent));
      const Real fraction = static_cast<Real>(ratio) / s.root / s.root;
      ASSERT_GT(s.most, 0);
      ASSERT_GE(fraction, 0.25L);
      ASSERT_LT(fraction, 1);
      expect_power(s.slope, s.most, fraction, exponent + 1, 2 * exponent * fraction, 0x1p-29L);
      for (Real z = 0; z <= s.most; z += s.most / 1024) {
        const Real back = (s.back[0] + s.back[1] * z) * (2 * exponent * fraction);
        EXPECT_NEAR(static_cast<double>(back / (1 + fraction * z)), 1, 0x1p-24);
      }
    }
  }
}

TEST(LocalResponseSeries, ThereIsNoneWhereItWouldNotDo) {
  const auto none = [](double alpha, double k, double exponent) {
    return forward_series(job_of(alpha, k, exponent)).most < 0;
  };
  EXPECT_FALSE(none(1e-4, 2, 0.75));
  EXPECT_TRUE(none(1e-4, 2, 0.6));
  EXPECT_TRUE(none(0, 1, 0.75));
  EXPECT_TRUE(none(1e-31, 1, 0.75));
  EXPECT_TRUE(none(2e30, 1, 0.75));
  EXPECT_TRUE(none(1, 0, 0.75));
  EXPECT_TRUE(none(0x1p-61, 0x1p-61, 0.75));
  EXPECT_TRUE(none(0x1p51, 0x1p51, 0.75));
  EXPECT_GT(gradient_series(job_of(1e-4, 1, 0.75)).most, 0);
  EXPECT_LT(gradient_series(job_of(1e-4, 0.99, 0.75)).most, 0);
}

// What x is where a whole window of it has the polynomial's largest z.
double edge_of(const LocalResponseNormOptions& o) {
  const ResponseSeries s = forward_series(job_of(o.alpha, o.k, o.exponent));
  return std::sqrt(static_cast<double>(s.most) / s.unit / static_cast<double>(o.size));
}

// Values of `spread` times `edge`, some far beyond it, nearly nothing, or zero.
Array values_about(const Dims& sizes, DType type, double edge, std::uint64_t seed) {
  Array values(sizes, 0, type);
  Random random(seed);
  for (Real& v : values.values) {
    const double kind = random.uniform();
    double size = 0.9 + 0.2 * random.uniform();
    if (kind < 0.5) size = 1 + 1e-6 * random.normal();
    if (kind < 0.3) size = random.normal();
    if (kind < 0.06) size = 100;
    if (kind < 0.04) size = 1e-18;
    if (kind < 0.02) size = 0;
    v = rounded(random.uniform() < 0.5 ? edge * size : -edge * size, type);
  }
  return values;
}

void expect_y(const TestTensor& x, const LocalResponseNormOptions& o, Layout layout, Context& context) {
  TestTensor y(x.view().dtype(), x.view().sizes(), layout);
  local_response_norm(y, x, o, context);
  EXPECT_RIGHT(y, oracle::local_response_norm(x.read(), parameters_of(o)));
  EXPECT_TRUE(y.sentinels_intact());
}

template <class Check>
void for_targets(Check check) {
  for (const Target target : vector_targets) {
    if (!target_available(target)) continue;
    SCOPED_TRACE(name_of(target));
    Context context;
    context.target = target;
    check(context);
  }
}

// By so many threads, that far from whole vectors, stored in either way.
template <class Check>
void for_ways(Context& context, Check check) {
  for (const int threads : {1, 3}) {
    for (const int off : {0, 1}) {
      for (const StorePolicy store : {StorePolicy::cached, StorePolicy::streaming}) {
        SCOPED_TRACE(std::to_string(threads) + " threads, off " + std::to_string(off));
        context.threads = threads;
        context.store = store;
        check(off);
      }
    }
  }
}

TEST(LocalResponseSeries, RightAboutItsEndWhateverTheBounds) {
  for_targets([](Context& context) {
    for (const double k : {0x1p-60, 1e-9, 1.0, 2.0, 0x1p50}) {
      for (const double ratio : {0x1p-100, 1e-4, 1.0 / 64, 0.0156, 0.7, 0x1p100}) {
        for (const double exponent : exponents) {
          for (const std::int64_t size : {3, 5}) {
            const LocalResponseNormOptions o{
                .size = size, .alpha = k * ratio, .alpha_scaled = false, .exponent = exponent, .k = k};
            for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
              SCOPED_TRACE(std::to_string(k) + " " + std::to_string(ratio) + " " + std::to_string(exponent) + " " +
                           std::to_string(size) + " " + name_of(layout));
              const Array values = values_about({2, 43, 23}, DType::f32, edge_of(o), 5);
              expect_y(TestTensor(DType::f32, values, layout), o, layout, context);
            }
          }
        }
      }
    }
  });
}

// Rows of channels and rows of positions about whole vectors; other types, places and stores.
TEST(LocalResponseSeries, EveryLength) {
  for_targets([](Context& context) {
    for (std::int64_t length = 12; length <= 70; ++length) {
      for (const std::int64_t size : {3, 5}) {
        const LocalResponseNormOptions o{
            .size = size, .alpha = 0.01, .alpha_scaled = false, .exponent = exponents[length % 3]};
        for (const DType type : {DType::f32, DType::bf16, DType::f16}) {
          for (const StorePolicy store : {StorePolicy::cached, StorePolicy::streaming}) {
            SCOPED_TRACE(std::to_string(length) + " " + std::to_string(size) + " " + name_of(type));
            context.store = store;
            const auto seed = static_cast<std::uint64_t>(length);
            const Array along = values_about({2, length, 3}, type, edge_of(o), seed);
            const Array across = values_about({2, 7, length}, type, edge_of(o), seed);
            expect_y(TestTensor(type, along, Layout::channels_last), o, Layout::channels_last, context);
            expect_y(TestTensor(type, across), o, Layout::contiguous, context);
          }
        }
      }
    }
  });
}

TEST(LocalResponseSeries, BitsDoNotDependOnThreadsAlignmentStoresOrPlace) {
  for_targets([](Context& context) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
      for (const DType type : {DType::f32, DType::bf16}) {
        for (const Dims& sizes : {Dims{3, 96, 41}, Dims{2, 13, 131}}) {
          const LocalResponseNormOptions o{.alpha = 0.01, .alpha_scaled = false};
          const Array values = values_about(sizes, type, edge_of(o), 9);
          std::vector<std::byte> bits;
          for_ways(context, [&](int off) {
            const TestTensor x(type, values, layout, TestTensor::Role::input, off);
            TestTensor y(type, sizes, layout, TestTensor::Role::output, 2 * off);
            TestTensor in_place(type, values, layout, TestTensor::Role::output, off);
            local_response_norm(y, x, o, context);
            local_response_norm(in_place, in_place, o, context);
            if (bits.empty()) bits = y.bits();
            EXPECT_EQ(y.bits(), bits) << name_of(layout);
            EXPECT_EQ(in_place.bits(), bits) << name_of(layout);
            EXPECT_TRUE(y.sentinels_intact() && in_place.sentinels_intact());
          });
        }
      }
    }
  });
}

// Not finite and beyond float32's squares: they reach their windows and nothing else.
TEST(LocalResponseSeries, NothingReachesBeyondItsWindow) {
  const Real infinity = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();
  const Dims sizes{1, 52, 37};
  for_targets([&](Context& context) {
    for (const std::int64_t size : {3, 5}) {
      const LocalResponseNormOptions o{.size = size, .alpha = 0.01, .alpha_scaled = false};
      for (const Real odd : {infinity, -infinity, nan, -nan, 3e38L, 1e25L, 1e-45L}) {
        Array values = random_values(sizes, DType::f32, 3);
        for (std::size_t i = 7; i < values.size(); i += 211) values[i] = rounded(odd, DType::f32);
        for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
          SCOPED_TRACE(std::to_string(size) + " " + std::to_string(odd) + " " + name_of(layout));
          expect_y(TestTensor(DType::f32, values, layout), o, layout, context);
        }
      }
    }
  });
}

// --- the gradient ---

// Rows of windows a little within what the polynomials are for; of a few rows one element is `odd` times as large.
Array values_within(const Dims& sizes, const LocalResponseNormOptions& o, std::uint64_t seed, Real odd = 1) {
  const GradientSeries s = gradient_series(job_of(o.alpha, o.k, o.exponent));
  const double edge = std::sqrt(static_cast<double>(s.most) / static_cast<double>(o.size)) / s.root;
  Array values(sizes, 0, DType::f32);
  Random random(seed);
  for (Real& v : values.values) {
    const double size = random.uniform() < 0.7 ? 1 - 1e-5 * random.uniform() : random.uniform();
    v = rounded(random.uniform() < 0.5 ? edge * size : -edge * size, DType::f32);
  }
  for (std::size_t i = 17; i < values.size(); i += 211) values[i] = rounded(values[i] * odd, DType::f32);
  return values;
}

constexpr Layout series_layouts[] = {Layout::contiguous, Layout::channels_last};

void expect_dx(const Array& x, const Array& dy, const LocalResponseNormOptions& o, Context& context) {
  const ExpectedGradients expected = oracle::local_response_norm_backward(x, dy, parameters_of(o));
  for (const Layout layout : series_layouts) {
    const TestTensor in(DType::f32, x, layout), slope(DType::f32, dy, layout);
    BackwardOutcome gradients{TestTensor(DType::f32, x.sizes, layout), {}};
    local_response_norm_backward({.dx = gradients.dx}, slope, in, o, context);
    EXPECT_EQ(difference(gradients, expected), "") << name_of(layout);
    EXPECT_TRUE(gradients.dx.sentinels_intact()) << name_of(layout);
  }
}

TEST(LocalResponseGradients, RightAboutTheirEndWhateverTheBounds) {
  for_targets([](Context& context) {
    for (const double k : {1.0, 2.0, 0x1p50}) {
      for (const double ratio : {0x1p-100, 2e-5, 1e-4, 0.00097}) {
        for (const double exponent : exponents) {
          for (const std::int64_t size : {3, 5}) {
            const LocalResponseNormOptions o{
                .size = size, .alpha = k * ratio, .alpha_scaled = false, .exponent = exponent, .k = k};
            for (const Real odd : {1.0L, 1.0001L, 30.0L, 0.0L, 1e-30L}) {
              SCOPED_TRACE(std::to_string(k) + " " + std::to_string(ratio) + " " + std::to_string(exponent) + " " +
                           std::to_string(size) + " " + std::to_string(odd));
              const Dims sizes{2, 43, 23};
              expect_dx(values_within(sizes, o, 3, odd), random_values(sizes, DType::f32, 4), o, context);
            }
          }
        }
      }
    }
  });
}

// Zeros are usual. What overflows or is not finite reaches its windows and nothing else.
TEST(LocalResponseGradients, AnySlopesAndValues) {
  const Real infinity = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();
  const Dims sizes{1, 52, 37};
  for_targets([&](Context& context) {
    for (const double alpha : {1e-4, 0x1p-90}) {
      const LocalResponseNormOptions o{.alpha = alpha, .alpha_scaled = false, .k = 1};
      for (const Real odd : {infinity, nan, -nan, 3e38L, 1e30L, 1e-38L, 1e-42L, 1e-45L, 0.0L}) {
        for (const Real usual : {1.0L, 1e-37L, 3e37L}) {
          SCOPED_TRACE(std::to_string(alpha) + " " + std::to_string(odd) + " " + std::to_string(usual));
          Array x = values_within(sizes, o, 5), dy = random_values(sizes, DType::f32, 6);
          for (Real& v : dy.values) v = rounded(v * usual, DType::f32);
          Array odd_x = x, odd_dy = dy;
          for (std::size_t i = 5; i < x.size(); i += 97) {
            odd_x[i] = odd_dy[i] = rounded(odd, DType::f32);
            odd_dy[i + 1] = odd_dy[i + 2] = 0;
          }
          expect_dx(odd_x, dy, o, context);
          if (std::isinf(odd)) continue;  // infinite references have no bounds
          expect_dx(x, odd_dy, o, context);
          expect_dx(odd_x, odd_dy, o, context);
        }
      }
    }
  });
}

// The sum of their terms leaves float32, dx does not.
TEST(LocalResponseGradients, LargestSlopes) {
  const Dims sizes{1, 32, 3};
  const LocalResponseNormOptions o{.alpha = 0.98 / 1024, .alpha_scaled = false, .exponent = 1, .k = 1};
  const GradientSeries s = gradient_series(job_of(o.alpha, o.k, o.exponent));
  const Real edge = std::sqrt(s.most / 5.001F) / s.root;
  for_targets([&](Context& context) {
    expect_dx(Array(sizes, rounded(edge, DType::f32), DType::f32),
              Array(sizes, rounded(3.3e38L, DType::f32), DType::f32), o, context);
  });
}

// Terms of next to nothing times large slopes are all that reaches their neighbours.
TEST(LocalResponseGradients, SmallestValues) {
  const Dims sizes{1, 32, 3};
  for (const double alpha : {1e-4, 0x1p-90}) {
    const LocalResponseNormOptions o{.alpha = alpha, .alpha_scaled = false, .k = 1};
    Array x = values_within(sizes, o, 3), dy(sizes, 0, DType::f32);
    for (std::size_t i = 0; i < x.size(); i += 9) {
      x[i] = rounded(x[i] * 0x1p-140L, DType::f32);
      dy[i] = 0x1p99L;
    }
    for_targets([&](Context& context) { expect_dx(x, dy, o, context); });
  }
}

TEST(LocalResponseGradients, EveryLength) {
  for_targets([](Context& context) {
    for (std::int64_t length = 12; length <= 70; ++length) {
      for (const std::int64_t size : {3, 5}) {
        for (const StorePolicy store : {StorePolicy::cached, StorePolicy::streaming}) {
          SCOPED_TRACE(std::to_string(length) + " " + std::to_string(size));
          const LocalResponseNormOptions o{
              .size = size, .alpha = 9e-4, .alpha_scaled = false, .exponent = exponents[length % 3]};
          context.store = store;
          const Dims sizes{2, length, 5};
          expect_dx(values_within(sizes, o, 7, 2), random_values(sizes, DType::f32, 8), o, context);
        }
      }
    }
  });
}

// Positions are left to the other loops one by one: their bits are the same whatever the others hold.
TEST(LocalResponseGradients, BitsDoNotDependOnThreadsAlignmentStoresPlaceOrOtherPositions) {
  for_targets([](Context& context) {
    for (const Dims& sizes : {Dims{3, 96, 41}, Dims{2, 37, 131}, Dims{1, 13, 2777}}) {
      for (const Layout layout : series_layouts) {
        SCOPED_TRACE(name_of(layout));
        const LocalResponseNormOptions o{.alpha = 9e-4, .alpha_scaled = false};
        const Array values = values_within(sizes, o, 9, 2), slopes = random_values(sizes, DType::f32, 10);
        std::vector<std::byte> bits;
        for_ways(context, [&](int off) {
          const TestTensor x(DType::f32, values, layout, TestTensor::Role::input, off);
          const TestTensor dy(DType::f32, slopes, layout, TestTensor::Role::input, 2 * off);
          TestTensor dx(DType::f32, sizes, layout, TestTensor::Role::output, 3 * off);
          TestTensor in_place(DType::f32, slopes, layout, TestTensor::Role::output, off);
          local_response_norm_backward({.dx = dx}, dy, x, o, context);
          local_response_norm_backward({.dx = in_place}, in_place, x, o, context);
          if (bits.empty()) bits = dx.bits();
          EXPECT_EQ(dx.bits(), bits);
          EXPECT_EQ(in_place.bits(), bits);
          EXPECT_TRUE(dx.sentinels_intact() && in_place.sentinels_intact());
        });
        const TestTensor x(DType::f32, values, layout), dy(DType::f32, slopes, layout);
        TestTensor together(DType::f32, sizes, layout), apart(DType::f32, sizes, layout);
        local_response_norm_backward({.dx = together}, dy, x, o, context);
        // Of a contiguous tensor a lone position would be one of strided channels, which no series takes.
        const std::int64_t part = layout == Layout::contiguous ? 19 : 1;
        const auto positions = [&](TensorView v, std::int64_t s) {
          return TensorView(static_cast<float*>(v.data()) + s * v.strides()[2], DType::f32,
                            {sizes[0], sizes[1], std::min(part, sizes[2] - s)}, v.strides());
        };
        for (std::int64_t s = 0; s < sizes[2]; s += part) {
          local_response_norm_backward({.dx = positions(apart, s)}, positions(dy, s), positions(x, s), o, context);
        }
        EXPECT_EQ(apart.bits(), together.bits());
      }
    }
  });
}

TEST(LocalResponseGradients, BothLayoutsAddAlike) {
  for_targets([](Context& context) {
    const Dims sizes{2, 29, 77};
    const LocalResponseNormOptions o{.size = 3, .alpha = 9e-4, .alpha_scaled = false};
    const Array values = values_within(sizes, o, 11, 2), slopes = random_values(sizes, DType::f32, 12);
    std::vector<Real> dx[2];
    for (const int i : {0, 1}) {
      const TestTensor x(DType::f32, values, series_layouts[i]), dy(DType::f32, slopes, series_layouts[i]);
      TestTensor to(DType::f32, sizes, series_layouts[i]);
      local_response_norm_backward({.dx = to}, dy, x, o, context);
      dx[i] = to.read().values;
    }
    EXPECT_EQ(dx[0], dx[1]);
  });
}

// Planes of every length that ends within a vector, in tiles, and of lanes that are left at their ends.
TEST(LocalResponseGradients, EveryPlane) {
  for_targets([](Context& context) {
    for (std::int64_t lanes = 2; lanes <= 70; ++lanes) {
      SCOPED_TRACE(std::to_string(lanes));
      const LocalResponseNormOptions o{
          .size = lanes % 2 == 0 ? 3 : 5, .alpha = 9e-4, .alpha_scaled = false, .exponent = exponents[lanes % 3]};
      const Dims sizes{2, 12 + lanes % 5, lanes};
      expect_dx(values_within(sizes, o, 13, 2), random_values(sizes, DType::f32, 14), o, context);
    }
  });
}

}  // namespace
}  // namespace poise::test
