// Spectral norm: the oracle in every convention, the exact value, and the gradient with u and v constant.

#include <poise/spectral_norm.h>

#include <cmath>
#include <limits>

#include "backward_outcome.h"
#include "expect.h"
#include "jacobian.h"

namespace poise::test {
namespace oracle {
Real largest_singular_value(std::vector<std::vector<Real>> rows);
}
namespace {

Parameters parameters_of(const SpectralNormOptions& o) {
  Parameters p;
  p.channel_axes = {o.channel_axis};
  p.u = o.u;
  p.v = o.v;
  p.iterations = o.iterations;
  p.order = o.order;
  p.eps = o.eps;
  p.norm_eps = o.norm_eps;
  p.mode = o.mode;
  p.evaluation_iterates = o.evaluation_iterates;
  p.zero_sigma = o.zero_sigma;
  return p;
}

const Dims shape{6, 5, 3, 7};

// u and v of some axis of w, and of the results.
struct Vectors {
  Vectors(const Dims& sizes, int axis, DType type = DType::f64)
      : rows(sizes[positive(axis, sizes.size())]),
        columns(sizes.product() / rows),
        u(type, random_values({rows}, type, 3, 0, 0.5)),
        v(type, random_values({columns}, type, 4, 0, 0.3)),
        new_u(DType::f64, Dims{rows}),
        new_v(DType::f64, Dims{columns}),
        sigma(DType::f64, Dims{}) {}
  SpectralNormResults results() const { return {new_u, new_v, sigma}; }
  std::int64_t rows, columns;
  TestTensor u, v, new_u, new_v, sigma;
};

void expect_right(const TestTensor& w, SpectralNormOptions o, Layout layout = Layout::contiguous,
                  Context& context = default_context(), DType vectors = DType::f64) {
  const DType type = w.view().dtype();
  const Dims sizes = w.view().sizes();
  const Vectors at(sizes, o.channel_axis, vectors);
  o.u = at.u, o.v = at.v;
  TestTensor y(type, sizes, layout);
  spectral_norm(y, w, o, at.results(), context);
  const Expected expected = oracle::spectral_norm(w.read(), parameters_of(o));
  EXPECT_RIGHT(y, expected, roundings);
  EXPECT_RIGHT(at.new_u, expected.results.at("u"), "u");
  EXPECT_RIGHT(at.new_v, expected.results.at("v"), "v");
  EXPECT_RIGHT(at.sigma, expected.results.at("sigma"), "sigma");

  const TestTensor dy(type, random_values(sizes, type, 77, 0.3, 1.5), layout);
  BackwardOutcome gradients{TestTensor(type, sizes, layout), {}};
  spectral_norm_backward({.dx = gradients.dx}, dy, w, at.results(), o, context);
  EXPECT_RIGHT(gradients, oracle::spectral_norm_backward(w.read(), dy.read(), parameters_of(o)));
}

TestTensor random_w(DType type = DType::f32, Layout layout = Layout::contiguous, const Dims& sizes = shape) {
  return TestTensor(type, random_values(sizes, type, 61, 0.2, 1), layout);
}

Layout of_outputs(Layout layout) { return layout == Layout::broadcast ? Layout::contiguous : layout; }

TEST(SpectralNorm, MatchesTheOracleInEveryTypeLayoutAndAxis) {
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      for (const int axis : {0, 1, 2, -1}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " " + std::to_string(axis));
        expect_right(random_w(type, layout), {.channel_axis = axis}, of_outputs(layout));
        expect_right(random_w(type, layout), {.channel_axis = axis}, Layout::contiguous);
      }
    }
  }
}

TEST(SpectralNorm, EveryConvention) {
  for (const SpectralOrder order : {SpectralOrder::v_first, SpectralOrder::u_first}) {
    for (const NormEps place : {NormEps::floor, NormEps::inside}) {
      for (const std::int64_t iterations : {0, 1, 2, 5}) {
        for (const double eps : {0.0, 1e-12, 0.3, 50.0}) {
          SCOPED_TRACE(std::to_string(iterations) + " " + std::to_string(eps));
          SpectralNormOptions o{.iterations = iterations, .order = order, .eps = eps, .norm_eps = place};
          expect_right(random_w(), o);
          o.mode = BatchNormMode::evaluation;
          expect_right(random_w(), o);
          o.evaluation_iterates = true;
          expect_right(random_w(), o);
        }
      }
    }
  }
}

// Many lines, along rows and along columns: both products of an iteration are then from one reading.
TEST(SpectralNorm, IterationsOfManyLines) {
  const TestTensor along_rows = random_w(DType::f32, Layout::contiguous, {71, 5, 3}),
                   along_columns = random_w(DType::f32, Layout::transposed, {7, 2, 67}),
                   f16 = random_w(DType::f16, Layout::contiguous, {133, 37}),
                   f64 = random_w(DType::f64, Layout::contiguous, {71, 13});
  for (const TestTensor* w : {&along_rows, &along_columns, &f16, &f64}) {
    for (const SpectralOrder order : {SpectralOrder::v_first, SpectralOrder::u_first}) {
      for (const std::int64_t iterations : {1, 2, 4}) {
        for (const NormEps place : {NormEps::floor, NormEps::inside}) {
          SCOPED_TRACE(w->view().sizes().str() + " " + std::to_string(iterations));
          expect_right(*w, {.iterations = iterations, .order = order, .eps = 0.3, .norm_eps = place});
        }
      }
    }
  }
}

TEST(SpectralNorm, EveryTargetAndLength) {
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    Context context;
    context.target = target;
    for (const DType type : floating_types) {
      for (const std::int64_t length : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 1023, 1024, 1025, 2051}) {
        SCOPED_TRACE(std::string(name_of(target)) + " " + name_of(type) + " " + std::to_string(length));
        for (const Dims& sizes : {Dims{3, length}, Dims{length, 3}, Dims{length}}) {
          for (const Layout layout : {Layout::contiguous, Layout::transposed}) {
            expect_right(random_w(type, layout, sizes), {}, layout, context);
          }
        }
      }
    }
  }
}

TEST(SpectralNorm, VectorsOfAnyType) {
  for (const DType type : floating_types) expect_right(random_w(), {}, Layout::contiguous, default_context(), type);
}

void expect_same_bits(const Dims& sizes, Layout layout, const SpectralNormOptions& o) {
  const Array values = random_values(sizes, DType::f32, 5), slope = random_values(sizes, DType::f32, 6);
  std::vector<std::byte> y_bits, dx_bits;
  for (const int threads : {1, 2, 5}) {
    for (const int off : {0, 1}) {
      Context context;
      context.threads = threads;
      TestTensor w(DType::f32, values, layout, TestTensor::Role::output, off);
      const TestTensor from(DType::f32, values, layout, TestTensor::Role::input, 3 * off);
      TestTensor dx(DType::f32, slope, layout, TestTensor::Role::output, 2 * off);
      spectral_norm(w, w, o, {}, context);
      spectral_norm_backward({.dx = dx}, dx, from, {}, o, context);
      if (y_bits.empty()) y_bits = w.bits(), dx_bits = dx.bits();
      EXPECT_EQ(w.bits(), y_bits) << threads << " " << off;
      EXPECT_EQ(dx.bits(), dx_bits) << threads << " " << off;
    }
  }
}

TEST(SpectralNorm, BitsDependOnNeitherThreadsNorAddress) {
  for (const Dims& sizes : {Dims{64, 3000}, Dims{3000, 64}, Dims{1, 150000}}) {
    for (const Layout layout : {Layout::contiguous, Layout::transposed}) {
      expect_same_bits(sizes, layout, {});
      expect_same_bits(sizes, layout, {.iterations = 3});
      expect_same_bits(sizes, layout, {.iterations = 2, .order = SpectralOrder::u_first});
    }
  }
}

// The second product of an iteration is formed of the first before that has the length 1.
TEST(SpectralNorm, IterationsOfHugeAndTinyValues) {
  const Dims sizes{71, 13};
  for (const auto& [type, scale] : {std::pair{DType::f32, 1e37},
                                    {DType::f32, 1e-37},
                                    {DType::bf16, 1e37},
                                    {DType::f64, 1e200},
                                    {DType::f64, 1e-150}}) {
    SCOPED_TRACE(std::string(name_of(type)) + " " + std::to_string(scale));
    const TestTensor w(type, random_values(sizes, type, 61, 0.2 * scale, scale));
    expect_right(w, {.iterations = 3, .order = SpectralOrder::u_first, .eps = 0});
    expect_right(w, {.iterations = 3, .eps = 0});
  }
}

// The vectors persist: two calls of one iteration are one call of two, whatever the order.
TEST(SpectralNorm, TheResultsContinueTheIteration) {
  const TestTensor w = random_w();
  for (const SpectralOrder order : {SpectralOrder::v_first, SpectralOrder::u_first}) {
    Vectors once(shape, 0), twice(shape, 0);
    TestTensor y(DType::f32, shape), other(DType::f32, shape);
    for (int i = 0; i < 2; ++i) {
      spectral_norm(y, w, {.u = twice.u, .v = twice.v, .order = order}, {twice.u, twice.v, twice.sigma});
    }
    spectral_norm(other, w, {.u = once.u, .v = once.v, .iterations = 2, .order = order}, once.results());
    EXPECT_EQ(twice.u.bits(), once.new_u.bits());
    EXPECT_EQ(twice.v.bits(), once.new_v.bits());
    EXPECT_EQ(twice.sigma.bits(), once.sigma.bits());
    EXPECT_EQ(y.bits(), other.bits());
  }
}

std::vector<std::vector<Real>> rows_of(const Array& w) {
  std::vector<std::vector<Real>> rows(static_cast<std::size_t>(w.sizes[0]));
  for (std::size_t i = 0; i < w.size(); ++i) rows[i / (w.size() / rows.size())].push_back(w[i]);
  return rows;
}

// sigma as stated in the header, and u and v its vectors: W v = sigma u and W^T u = sigma v, both of length 1.
void expect_exact(const Array& w, Layout layout = Layout::contiguous) {
  const TestTensor tensor(w.type, w, layout);
  const Vectors at(w.sizes, 0);
  TestTensor y(w.type, w.sizes);
  spectral_norm(y, tensor, {.exact = true}, at.results());
  const Real expected = oracle::largest_singular_value(rows_of(w)), sigma = at.sigma.read()[0];
  const auto rows = static_cast<std::size_t>(at.rows), columns = static_cast<std::size_t>(at.columns);
  const Real bound = static_cast<Real>((rows + columns) * std::min(rows, columns)) * 0x1p-52L;
  EXPECT_LE(std::fabs(sigma - expected), bound * expected) << w.sizes.str();
  if (expected == 0) return;
  const Array u = at.new_u.read(), v = at.new_v.read();
  Real wv = 0, wu = 0, uu = 0, vv = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    Real sum = 0;
    for (std::size_t j = 0; j < columns; ++j) sum += w[i * columns + j] * v[j];
    wv += (sum - sigma * u[i]) * (sum - sigma * u[i]), uu += u[i] * u[i];
  }
  for (std::size_t j = 0; j < columns; ++j) {
    Real sum = 0;
    for (std::size_t i = 0; i < rows; ++i) sum += w[i * columns + j] * u[i];
    wu += (sum - sigma * v[j]) * (sum - sigma * v[j]), vv += v[j] * v[j];
  }
  EXPECT_NEAR(static_cast<double>(uu), 1, static_cast<double>(bound));
  EXPECT_NEAR(static_cast<double>(vv), 1, static_cast<double>(bound));
  EXPECT_LE(std::sqrt(wv), bound * expected) << w.sizes.str();
  EXPECT_LE(std::sqrt(wu), bound * expected) << w.sizes.str();
}

TEST(SpectralNorm, ExactIsTheLargestSingularValue) {
  for (const Dims& sizes :
       {Dims{1, 1}, Dims{2, 2}, Dims{7, 40}, Dims{40, 7}, Dims{33, 33}, Dims{1, 9}, Dims{9, 1}, Dims{4, 3, 5}}) {
    for (const Layout layout : {Layout::contiguous, Layout::transposed, Layout::reversed}) {
      expect_exact(random_values(sizes, DType::f64, 3, 0.1, 1), layout);
    }
  }
}

// What an iteration from any start converges on slowly, or never.
TEST(SpectralNorm, ExactWhereTheGapIsSmallOrNone) {
  Array identity({6, 6}, 0, DType::f64), close({8, 8}, 0, DType::f64), one({5, 7}, 0, DType::f64);
  for (std::size_t i = 0; i < 6; ++i) identity[7 * i] = 3;
  for (std::size_t i = 0; i < 8; ++i) close[9 * i] = 1 + static_cast<Real>(i) * 0x1p-40L;
  for (std::size_t i = 0; i < one.size(); ++i) one[i] = static_cast<Real>(1 + i / 7) * static_cast<Real>(1 + i % 7);
  expect_exact(identity), expect_exact(close), expect_exact(one);
  Array blocks({12, 12}, 0, DType::f64);  // the largest is in the second of two blocks
  const Array part = random_values({6, 6}, DType::f64, 9);
  for (std::size_t i = 0; i < 36; ++i) {
    blocks[i / 6 * 12 + i % 6] = part[i];
    blocks[(6 + i / 6) * 12 + 6 + i % 6] = 1.5L * part[i];
  }
  expect_exact(blocks);
  expect_exact(Array({3, 4}, 0, DType::f64));
  for (const Real scale : {1e-200L, 1e200L, 1e-310L}) {
    Array scaled = random_values({5, 6}, DType::f64, 4);
    for (Real& v : scaled.values) v = rounded(v * scale, DType::f64);
    if (scale > 1e-300L) expect_exact(scaled);
  }
}

// Of a diagonal matrix: an iteration on it says what it would of the second value's vector.
TEST(SpectralNorm, AnIterationFromAnOrthogonalStartFindsAnotherValue) {
  const float w[] = {3, 0, 0, 2}, second[] = {0, 1};
  float y[4];
  double sigma = 0;
  spectral_norm({y, {2, 2}}, {w, {2, 2}}, {.u = {second, {2}}}, {.sigma = {&sigma, Dims{}}});
  EXPECT_EQ(sigma, 2);
  EXPECT_EQ(y[0], 1.5F);
  spectral_norm({y, {2, 2}}, {w, {2, 2}}, {.exact = true}, {.sigma = {&sigma, Dims{}}});
  EXPECT_DOUBLE_EQ(sigma, 3);
}

TEST(SpectralNorm, TheGradientIsTheDerivativeWithConstantVectors) {
  const Dims sizes{3, 2, 5};
  const Array values = random_values(sizes, DType::f64, 7, 0.2, 1), slope = random_values(sizes, DType::f64, 8);
  const TestTensor w(DType::f64, values), dy(DType::f64, slope);
  for (const int axis : {0, 1, 2}) {
    Vectors at(sizes, axis);
    TestTensor y(DType::f64, sizes), dx(DType::f64, sizes);
    spectral_norm(y, w, {.channel_axis = axis, .iterations = 3}, at.results());
    spectral_norm_backward({.dx = dx}, dy, w, at.results(), {.channel_axis = axis, .iterations = 3});
    const SpectralNormOptions constant{
        .channel_axis = axis, .u = at.new_u, .v = at.new_v, .mode = BatchNormMode::evaluation};
    const auto f = [&](const Vector& x) {
      Vector out(x.size());
      spectral_norm({out.data(), sizes}, {x.data(), sizes}, constant);
      return out;
    };
    EXPECT_EQ(difference(dx.read().values, numerical_gradient(f, Vector(values.values.begin(), values.values.end()),
                                                              Vector(slope.values.begin(), slope.values.end()))),
              "")
        << axis;
    // Nothing saved: found again.
    TestTensor again(DType::f64, sizes);
    spectral_norm_backward({.dx = again}, dy, w, {}, {.channel_axis = axis, .iterations = 3});
    EXPECT_EQ(again.bits(), dx.bits());
  }
}

TEST(SpectralNorm, AZeroMatrixIsDividedByOneOrByZero) {
  const float w[6] = {}, dy[6] = {1, 2, 3, 4, 5, 6};
  float y[6], dx[6];
  const Dims sizes{2, 3};
  for (const bool exact : {false, true}) {
    spectral_norm({y, sizes}, {w, sizes}, {.exact = exact});
    spectral_norm_backward({.dx = {dx, sizes}}, {dy, sizes}, {w, sizes}, {}, {.exact = exact});
    for (int i = 0; i < 6; ++i) EXPECT_EQ(y[i], 0);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(dx[i], dy[i]);
    spectral_norm({y, sizes}, {w, sizes}, {.zero_sigma = ZeroSigma::divide, .exact = exact});
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(std::isnan(y[i]));
  }
}

TEST(SpectralNorm, RefusesWhatMeansNothing) {
  const TestTensor w = random_w(), u5(DType::f32, Array({5}, 1)), u6(DType::f32, Array({6}, 1));
  TestTensor y(DType::f32, shape), f32(DType::f32, Dims{}), u8(DType::u8, Dims{6});
  const auto refused = [&](Code code, const std::string& text, const SpectralNormOptions& o,
                           const SpectralNormResults& r = {}) {
    const auto before = y.bits();
    EXPECT_REFUSES(code, "[spectral_norm] " + text, spectral_norm(y, w, o, r));
    EXPECT_EQ(y.bits(), before);
  };
  refused(Code::shape, "u: expected 6, got 5", {.u = u5});
  refused(Code::shape, "v: expected 105, got 6", {.v = u6});
  refused(Code::usage, "iterations: expected at least 0, got -1", {.iterations = -1});
  refused(Code::usage, "u, v: expected both where nothing iterates, got none", {.iterations = 0});
  refused(Code::usage, "u, v: expected both where nothing iterates, got one",
          {.u = u6, .mode = BatchNormMode::evaluation});
  refused(Code::usage, "eps: expected a finite number of at least 0, got -1", {.eps = -1});
  refused(Code::shape, "channel_axis: expected an axis of rank 4, got 4", {.channel_axis = 4});
  refused(Code::usage, "u: expected a floating type, got u8", {}, {.u = u8});
  refused(Code::usage, "sigma: expected f64, got f32", {}, {.sigma = f32});
  refused(Code::refused, "u: expected memory of its own, got a view that shares elements", {},
          {.u = {y.view().data(), DType::f32, {6}}});
  EXPECT_REFUSES(Code::usage, "[spectral_norm] dgamma: expected none, got a tensor",
                 spectral_norm_backward({.dx = y, .dgamma = f32}, w, w));
  const float number = 1;
  EXPECT_REFUSES(Code::shape, "[spectral_norm] w: expected at least one axis, got none",
                 spectral_norm({y.view().data(), DType::f32, Dims{}}, {&number, Dims{}}));
}

}  // namespace
}  // namespace poise::test
