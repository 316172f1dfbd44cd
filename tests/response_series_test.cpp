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

Real value_of(const ResponseSeries& s, Real z) {
  Real v = 0;
  for (int i = ResponseSeries::terms; i-- > 0;) v = v * z + s.c[i];
  return v;
}

// The polynomials are within 2^-26 of the powers, their coefficients within half an ulp of what they should be.
TEST(LocalResponseSeries, ThePolynomialsAreThePowers) {
  for (const double exponent : exponents) {
    for (const double ratio : {0.5, 0.7, 1e-4, 0x1p-100, 0x1p100}) {
      const ResponseSeries s = forward_series(job_of(ratio, 1, exponent));
      ASSERT_GT(s.most, 0);
      for (int i = 0; i <= 4000; ++i) {
        const Real z = static_cast<Real>(s.most) * i / 4000;
        const Real power = std::pow(1 + static_cast<Real>(ratio) / s.unit * z, -static_cast<Real>(exponent));
        Real bound = 0x1p-26L * power, term = 1;
        for (int c = 1; c < ResponseSeries::terms; ++c) bound += 0x1p-24L * std::fabs(s.c[c]) * (term *= z);
        ASSERT_LE(std::fabs(value_of(s, z) - power), bound) << exponent << " " << ratio << " " << i;
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
          for (const int threads : {1, 3}) {
            for (const int off : {0, 1}) {
              for (const StorePolicy store : {StorePolicy::cached, StorePolicy::streaming}) {
                context.threads = threads;
                context.store = store;
                const TestTensor x(type, values, layout, TestTensor::Role::input, off);
                TestTensor y(type, sizes, layout, TestTensor::Role::output, 2 * off);
                TestTensor in_place(type, values, layout, TestTensor::Role::output, off);
                local_response_norm(y, x, o, context);
                local_response_norm(in_place, in_place, o, context);
                if (bits.empty()) bits = y.bits();
                EXPECT_EQ(y.bits(), bits) << name_of(layout) << " " << threads << " " << off;
                EXPECT_EQ(in_place.bits(), bits) << name_of(layout) << " " << threads << " " << off;
                EXPECT_TRUE(y.sentinels_intact() && in_place.sentinels_intact());
              }
            }
          }
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

}  // namespace
}  // namespace poise::test
