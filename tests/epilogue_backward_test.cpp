// The way back through SiLU and GELU, whose z is formed again: every technique and variant that takes an activation,
// against long double, and against numerical differentiation of the forward oracle.
//
// What passes is p = dy * f'(z), z = t + shift + r. z is known to e, section 1 and 4 of tolerance.h, with mean and rstd
// saved as one float64 each, and u|z| for the addition. |f''| is at most sqrt(2/pi) < 0.8 for the three (at z = 0), so
// f' moves by less than 0.8 e; it is formed in float64 from an exponential or erfc and at most a dozen roundings of
// terms below 1.2: 16 w. The product and the storing round once each:
//     |p - reference| <= |dy| (0.8 e + 16 w) + 2u |p|

#include <poise/poise.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "activation_oracle.h"
#include "backward_problem.h"
#include "core/activation.h"
#include "jacobian.h"

namespace poise::test {
namespace {

Real activated(Real v, Activation a) { return v * share_of(v, a).share; }
Real slope_at(Real v, Activation a) { return share_of(v, a).share + v * share_of(v, a).slope; }

Real largest(const Array& values) {
  Real most = 0;
  for (const Real v : values.values) most = std::fmax(most, std::fabs(v));
  return most;
}

// How far mean and rstd as one float64 each may move z: of the cell where it is most.
Real saved_error(const Expected& e, const Parameters& p) {
  const auto mean = e.results.find("mean"), rstd = e.results.find("rstd");
  if (mean == e.results.end() || rstd == e.results.end()) return 0;
  const Real gamma = p.gamma.present() ? largest(read(p.gamma)) + std::fabs(static_cast<Real>(p.gamma_offset)) : 1;
  return w * gamma * largest(rstd->second.value) * largest(mean->second.value);
}

bool counts(const Parameters& p, const Array& mask, std::size_t i) { return !p.mask.present() || mask[i] != 0; }

// What dresidual must be.
Statistic passed(const Technique& technique, const Array& x, const Array& dy, const Array& residual,
                 const Parameters& p, Target target = Target::avx2) {
  const Expected e = oracle_named(technique.name)(x, p);
  const Array mask = p.mask.present() ? read(p.mask) : Array();
  const Real u = unit_roundoff(x.type), saved = saved_error(e, p);
  const Real count = roundings_of(target, x.type, p.gamma, p.gamma_offset);
  Statistic s{Array(x.sizes), std::vector<Real>(x.size(), 0)};
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!counts(p, mask, i)) continue;
    const Real growth = e.growth[i] + saved + w * std::fabs(e.t[i]), z = e.y[i] + residual[i];
    const Real error = map_bound(x.type, e.t[i], e.shift[i], growth, count) + u * std::fabs(z);
    s.value[i] = dy[i] * slope_at(z, p.activation);
    s.error[i] =
        std::fabs(dy[i]) * (0.8L * error + 16 * w) + 2 * u * std::fabs(s.value[i]) + smallest_subnormal(x.type);
  }
  return s;
}

std::string difference(const TestTensor& got, const Statistic& expected) {
  const Array values = got.read();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (y_right(values[i], expected.value[i], expected.error[i], values.type)) continue;
    return sentence("dresidual", i, values[i], expected.value[i], expected.error[i]);
  }
  return got.sentinels_intact() ? "" : "dresidual: written outside its elements";
}

struct Lie {
  Layout x = Layout::contiguous, dy = Layout::contiguous, dx = Layout::contiguous, residual = Layout::contiguous;
};

// One backward call with a smooth activation and a residual after.
class SmoothProblem {
 public:
  SmoothProblem(const Technique& t, const Parameters& parameters, const Dims& sizes, DType type, Activation a,
                const Lie& lie = {}, DType operand = DType::f32)
      : plain_(t, parameters, random_x(sizes, type), random_dy(sizes, type), {lie.x, lie.dy, lie.dx}, operand),
        residual_(type, random_values(sizes, type, 23, 0, 1), lie.residual),
        dresidual_(type, sizes, lie.residual),
        p_(plain_.p) {
    p_.activation = a;
    p_.residual_after = residual_;
  }

  std::string verdict(Context& context = default_context()) {
    const BackwardOutcome got = run(context);
    const Statistic expected =
        passed(plain_.technique, plain_.x.read(), plain_.dy.read(), residual_.read(), p_, context.target);
    std::string text = difference(dresidual_, expected);
    // What passed is dy from there on: the same bits in all other gradients, but where a copy of it lies otherwise,
    // which is another order of sums.
    Array next = dresidual_.read();
    const Array mask = p_.mask.present() ? read(p_.mask) : Array(), dy = plain_.dy.read();
    for (std::size_t i = 0; i < next.size(); ++i) next[i] = counts(p_, mask, i) ? next[i] : dy[i];
    dresidual_.write(next);
    const BackwardOutcome rest =
        run_backward(plain_.technique, dresidual_, plain_.x, plain_.placed(), plain_.p, plain_.saved(), context);
    if (text.empty() && !different_bits(rest.bits(), got).empty()) {
      text = difference(got, backward_oracle_named(plain_.technique.name)(plain_.x.read(), next, plain_.p));
    }
    return text.empty() && !got.dx.sentinels_intact() ? "dx: written outside its elements" : text;
  }

  BackwardOutcome run(Context& context) {
    const DType type = plain_.x.view().dtype(), operand = type == DType::f64 ? DType::f64 : DType::f32;
    const Dims sizes = plain_.x.view().sizes();
    BackwardOutcome got{TestTensor(type, sizes, plain_.layouts.dx),
                        gradient_memory(plain_.technique, sizes, operand, p_)};
    Gradients gradients = views(got);
    gradients.dresidual = dresidual_;
    plain_.technique.run_backward(gradients, plain_.dy, plain_.x, p_, plain_.saved(), context);
    return got;
  }

  const TestTensor& dresidual() const { return dresidual_; }

 private:
  BackwardProblem plain_;
  TestTensor residual_, dresidual_;
  Parameters p_;
};

class SmoothGate : public BackwardTest {};

std::vector<BackwardRow> rows() {
  std::vector<BackwardRow> found;
  for (const BackwardRow& row : backward_rows()) {
    if (takes(*row.technique, "activation")) found.push_back(row);
  }
  return found;
}

TEST_P(SmoothGate, MatchesTheOracleInEveryTypeAndLayout) {
  constexpr DType operands[] = {DType::f32, DType::f64, DType::bf16};
  std::size_t turn = 0;
  for (const DType type : floating_types) {
    for (const Layout x : layouts_to_write) {
      for (const Layout other : layouts_to_write) {
        if (x != Layout::contiguous && other != Layout::contiguous && x != other) continue;
        const Lie lie = turn % 2 == 0 ? Lie{x, other, x, other} : Lie{x, x, other, x};
        const DType operand = operands[++turn % 4 % 3];
        SmoothProblem problem(technique(), parameters(), backward_shape, type, smooth_ones[turn % 3], lie, operand);
        ASSERT_EQ(problem.verdict(), "") << name_of(type) << " " << name_of(x) << " " << name_of(other);
      }
    }
  }
}

TEST_P(SmoothGate, EveryLengthAndInstructionSet) {
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    Context context;
    context.target = target;
    for (std::int64_t length = 2; length <= 33; ++length) {
      const DType type = length % 3 == 0 ? DType::f16 : DType::f32;
      SmoothProblem problem(technique(), parameters(), {3, 4, length}, type, smooth_ones[length % 3]);
      ASSERT_EQ(problem.verdict(context), "") << name_of(target) << " " << length;
    }
  }
}

// Also a shape whose few lanes are shared by blocks of rows.
TEST_P(SmoothGate, AnyThreadsGiveTheSameBits) {
  for (const Dims& sizes : {Dims{4, 6, 61, 67}, Dims{9001, 6, 2}}) {
    Context one, many;
    one.threads = 1, many.threads = 3;
    SmoothProblem a(technique(), parameters(), sizes, DType::f32, Activation::silu);
    SmoothProblem b(technique(), parameters(), sizes, DType::f32, Activation::silu);
    EXPECT_EQ(different_bits(a.run(one).bits(), b.run(many)), "");
    EXPECT_TRUE(a.dresidual().bits() == b.dresidual().bits());
  }
}

// Rows beyond a stretch, more lanes than a tile, more rows than a block, and narrow rows that are packed in x, not in
// dy.
TEST(SmoothGate, BeyondAStretchATileAndABlock) {
  const char* const names[] = {"batch_norm", "layer_norm", "rms_norm"};
  for (const char* name : names) {
    for (const Dims& sizes : {Dims{3, 2500}, Dims{1100, 6}, Dims{2, 3, 9001}}) {
      for (const Lie& lie : {Lie{}, Lie{.dy = Layout::sliced}, Lie{.residual = Layout::sliced}}) {
        SmoothProblem problem(technique_named(name), {}, sizes, DType::f32, Activation::silu, lie);
        EXPECT_EQ(problem.verdict(), "") << name << " " << sizes.str() << name_of(lie.dy) << name_of(lie.residual);
      }
    }
  }
}

Vector doubles(const Array& a) { return {a.values.begin(), a.values.end()}; }
Array array(const Dims& sizes, const Vector& values) {
  Array a(sizes, 0, DType::f64);
  a.values.assign(values.begin(), values.end());
  return a;
}

// The forward pass from its oracle, the activation after it in long double.
Vector forward(const Technique& technique, const Array& x, const Parameters& p) {
  const Expected e = oracle_named(technique.name)(x, p);
  const Array residual = read(p.residual_after), mask = p.mask.present() ? read(p.mask) : Array();
  Vector y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Real v = counts(p, mask, i) ? activated(e.y[i] + residual[i], p.activation) : e.y[i];
    y.push_back(static_cast<double>(v));
  }
  return y;
}

TEST_P(SmoothGate, IsTheDerivativeOfTheForwardOracle) {
  if (parameters().masked == Masked::normalize) GTEST_SKIP() << "a masked y enters no gradient but its own";
  const Dims sizes{3, 4, 5};
  const Array x = random_x(sizes, DType::f64), dy = random_dy(sizes, DType::f64);
  for (const Activation a : smooth_ones) {
    const BackwardProblem plain(technique(), parameters(), x, dy, {}, DType::f64);
    const TestTensor residual(DType::f64, random_values(sizes, DType::f64, 23, 0, 1)), dresidual(DType::f64, sizes);
    Parameters p = plain.p;
    p.activation = a;
    p.residual_after = residual;
    BackwardOutcome got{TestTensor(DType::f64, sizes), gradient_memory(technique(), sizes, DType::f64, p)};
    Gradients gradients = views(got);
    gradients.dresidual = dresidual;
    technique().run_backward(gradients, plain.dy, plain.x, p, plain.saved(), default_context());
    const auto expect = [&](const TestTensor& gradient, const Array& at, const auto& f, const char* name) {
      const Gradient expected = numerical_gradient(f, doubles(at), doubles(dy), 0x1p-7L, w);
      EXPECT_EQ(test::difference(gradient.read().values, expected), "") << name;
    };
    expect(
        got.dx, x, [&](const Vector& v) { return forward(technique(), array(sizes, v), p); }, "dx");
    for (const auto& [name, view] : {std::pair{"dgamma", &Parameters::gamma}, std::pair{"dbeta", &Parameters::beta}}) {
      const Array at = read(p.*view);
      const auto f = [&, view = view](const Vector& v) {
        const TestTensor moved(DType::f64, array(at.sizes, v));
        Parameters q = p;
        q.*view = moved;
        return forward(technique(), x, q);
      };
      expect(got.gradients.at(name), at, f, name);
    }
    const auto of_residual = [&](const Vector& v) {
      const TestTensor moved(DType::f64, array(sizes, v));
      Parameters q = p;
      q.residual_after = moved;
      return forward(technique(), x, q);
    };
    expect(dresidual, residual.read(), of_residual, "dresidual");
  }
}

// dx in dy's own memory, and without dresidual or a residual: the same bits.
TEST_P(SmoothGate, InPlaceAndWithGradientsAbsent) {
  for (const DType type : {DType::f32, DType::f64, DType::bf16}) {
    const Array x = random_x(backward_shape, type), dy = random_dy(backward_shape, type);
    BackwardProblem problem(technique(), parameters(), x, dy);
    problem.p.activation = Activation::gelu_tanh;
    const BackwardOutcome all = problem.run();
    for (const Asked& asked : {Asked{.dgamma = false}, Asked{.dx = false}, Asked{.dx = false, .dgamma = false}}) {
      EXPECT_EQ(different_bits(all.bits(), problem.run(asked)), "");
    }
    const TestTensor dresidual(type, backward_shape), zeros(type, Array(backward_shape, 0, type));
    const TestTensor in_place(type, dy, Layout::contiguous, TestTensor::Role::output);
    technique().run_backward({.dx = in_place}, in_place, problem.x, problem.p, problem.saved(), default_context());
    EXPECT_TRUE(in_place.bits() == all.dx.bits());
    problem.p.residual_after = zeros;
    const TestTensor dx(type, backward_shape);
    technique().run_backward({.dx = dx, .dresidual = dresidual}, problem.dy, problem.x, problem.p, problem.saved(),
                             default_context());
    EXPECT_TRUE(dx.bits() == all.dx.bits());
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTechnique, SmoothGate, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return name_of(row); });

// 16 w of terms below 1.2 as above, and what a double next to v may differ from v.
TEST(SmoothGate, DerivativesFromTailToTail) {
  for (const Activation a : smooth_ones) {
    Real curve = 0;
    for (Real v = -60; v <= 60; v += 0.0078125L) {
      const Real expected = slope_at(v, a);
      EXPECT_NEAR(derivative(static_cast<double>(v), a), static_cast<double>(expected), static_cast<double>(16 * w))
          << static_cast<double>(v);
      const Real h = 0x1p-12L;
      EXPECT_NEAR(static_cast<double>((activated(v + h, a) - activated(v - h, a)) / (2 * h)),
                  static_cast<double>(expected), 1e-7);
      curve = std::fmax(curve, std::fabs(slope_at(v + h, a) - slope_at(v - h, a)) / (2 * h));
    }
    EXPECT_LT(curve, 0.8L);
  }
}

TEST(SmoothGate, OfEvenFarValuesIsZeroOrOne) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Activation a : smooth_ones) {
    for (const DType type : floating_types) {
      for (const double far : {1e3, 6e4, 1e30, 1e120, 1e200, infinity}) {
        const auto v = static_cast<double>(rounded(static_cast<Real>(far), type));
        const TestTensor x(type, Array(Dims{2, 1}, 1, type)), dx(type, Dims{2, 1}), dresidual(type, Dims{2, 1});
        Array z(Dims{2, 1}, static_cast<Real>(v), type), dy(Dims{2, 1}, 3, type);
        z[1] = -z[0];
        const TestTensor residual(type, z);
        layer_norm_backward({.dx = dx, .dresidual = dresidual}, TestTensor(type, dy), x, {},
                            {.epilogue = {.residual_after = residual, .activation = a}});
        EXPECT_EQ(dresidual.read()[0], 3) << v;
        EXPECT_EQ(dresidual.read()[1], 0) << v;
        EXPECT_TRUE(std::isfinite(dx.read()[0]) && std::isfinite(dx.read()[1]));
      }
    }
  }
}

TEST(SmoothGate, NanStaysInItsCell) {
  const Dims sizes{3, 4, 37};
  for (const DType type : floating_types) {
    const Array plain = random_values(sizes, type, 23, 0, 1);
    Array spoilt = plain;
    spoilt[5] = std::nanl("");
    const TestTensor x(type, random_x(sizes, type)), dy(type, random_dy(sizes, type)), whole(type, plain),
        residual(type, spoilt);
    const TestTensor dx(type, sizes), dresidual(type, sizes), without(type, sizes);
    const auto run = [&](const TestTensor& to, const TestTensor& r) {
      layer_norm_backward({.dx = to, .dresidual = dresidual}, dy, x, {},
                          {.epilogue = {.residual_after = r, .activation = Activation::silu}});
    };
    run(without, whole);
    run(dx, residual);
    const Array got = dx.read(), expected = without.read(), passed = dresidual.read();
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(std::isnan(passed[i]), i == 5);
      EXPECT_EQ(std::isnan(got[i]), i < 37);
      EXPECT_TRUE(i < 37 || got[i] == expected[i]);
    }
  }
}

// y is not asked for, and not read where it is given.
TEST(SmoothGate, NeedsNoY) {
  const Dims sizes{3, 4, 7};
  const TestTensor x(DType::f32, random_x(sizes)), dy(DType::f32, random_dy(sizes)), a(DType::f32, sizes),
      b(DType::f32, sizes);
  const GroupNormOptions without{.groups = 2, .epilogue = {.activation = Activation::gelu}};
  GroupNormOptions with = without;
  with.epilogue.y = dy;
  group_norm_backward({.dx = a}, dy, x, {}, without);
  group_norm_backward({.dx = b}, dy, x, {}, with);
  EXPECT_TRUE(a.bits() == b.bits());
}

TEST(SmoothGate, Refuses) {
  const Dims sizes{2, 4, 3};
  const TestTensor x(DType::f32, sizes), dy(DType::f32, sizes), dx(DType::f32, sizes), half(DType::f16, sizes),
      beta(DType::f32, Dims{4}), residual(DType::f32, sizes);
  const auto backward = [&](const Epilogue& e, ConstTensorView b = {}, TensorView dresidual = {}) {
    layer_norm_backward({.dx = dx, .dresidual = dresidual}, dy, x, {}, {.beta = b, .epilogue = e});
  };
  const Activation gelu = Activation::gelu;
  EXPECT_REFUSES(Code::shape, "[layer_norm] beta: expected 3, got 4", backward({.activation = gelu}, beta));
  EXPECT_REFUSES(Code::usage, "[layer_norm] residual_after: expected f32, got f16",
                 backward({.residual_after = half, .activation = gelu}));
  EXPECT_REFUSES(Code::refused,
                 "[layer_norm] residual_after: expected memory of its own, got a view that shares elements with an "
                 "output",
                 backward({.residual_after = dx, .activation = gelu}));
  EXPECT_REFUSES(Code::refused,
                 "[layer_norm] residual_after: expected memory of its own, got a view that shares elements with an "
                 "output",
                 backward({.residual_after = residual, .activation = gelu}, {}, residual));
  EXPECT_REFUSES(Code::refused, "[layer_norm] dresidual: expected memory of its own, got a view that shares elements",
                 backward({.activation = gelu}, {}, dy));
  for (const Activation a : {gelu, Activation::relu}) {
    EXPECT_REFUSES(Code::usage, "[layer_norm] activation: expected none in a second backward pass, got one",
                   layer_norm_second_backward({.dx = dx}, {.ddx = residual}, dy, x, {},
                                              {.epilogue = {.activation = a, .y = residual}}));
  }
}

}  // namespace
}  // namespace poise::test
