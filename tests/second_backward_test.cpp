// Every second backward pass against numerical differentiation of the first one, in float64, and its contract.

#include <poise/poise.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "expect.h"
#include "jacobian.h"
#include "test_tensor.h"

namespace poise::test {
namespace {

constexpr DType f64 = DType::f64;

// A technique with its options, gamma left open.
struct Case {
  std::string name;
  Dims gamma;
  std::function<void(const Gradients&, ConstTensorView, ConstTensorView, ConstTensorView, Context&)> first;
  std::function<void(const SecondGradients&, const SecondOperands&, ConstTensorView, ConstTensorView, ConstTensorView,
                     Context&)>
      second;
};

template <class Options, class First, class Second>
Case make(std::string name, const Dims& gamma, const Options& options, First first, Second second) {
  const auto with = [options](ConstTensorView g) {
    Options o = options;
    o.gamma = g;
    return o;
  };
  return {std::move(name), gamma,
          [=](const Gradients& g, ConstTensorView dy, ConstTensorView x, ConstTensorView gm, Context& c) {
            first(g, dy, x, {}, with(gm), c);
          },
          [=](const SecondGradients& g, const SecondOperands& v, ConstTensorView dy, ConstTensorView x,
              ConstTensorView gm, Context& c) { second(g, v, dy, x, {}, with(gm), c); }};
}

const Dims shape = {3, 4, 2, 5};

std::vector<Case> cases_of(double eps, EpsPlace place, Divisor divisor) {
  return {
      make("batch_norm", {4}, BatchNormOptions{.eps = eps, .eps_place = place, .divisor = divisor}, batch_norm_backward,
           batch_norm_second_backward),
      make("layer_norm", {4},
           LayerNormOptions{.axes = {1, 3}, .gamma_axes = {1}, .eps = eps, .eps_place = place, .divisor = divisor},
           layer_norm_backward, layer_norm_second_backward),
      make("instance_norm", {4}, InstanceNormOptions{.eps = eps, .eps_place = place, .divisor = divisor},
           instance_norm_backward, instance_norm_second_backward),
      make(
          "group_norm", {3, 4},
          GroupNormOptions{
              .groups = 2, .gamma_axes = {0, 1}, .gamma_offset = 1, .eps = eps, .eps_place = place, .divisor = divisor},
          group_norm_backward, group_norm_second_backward),
  };
}

Vector vector_of(const TestTensor& t) {
  const Array a = t.read();
  Vector v;
  for (const Real value : a.values) v.push_back(static_cast<double>(value));
  return v;
}

// What a second pass reads besides dy, x and gamma, and the scalar that it differentiates.
struct Problem {
  const Case& tested;
  Layout layout;
  TestTensor dy, x, gamma, ddx, ddgamma, ddbeta;

  Problem(const Case& c, Layout l)
      : tested(c),
        layout(l),
        dy(f64, random_values(shape, f64, 1, 0, 1)),
        x(f64, random_values(shape, f64, 2, 0.4, 1.2), l),
        gamma(f64, random_values(c.gamma, f64, 3, 1, 0.5)),
        ddx(f64, random_values(shape, f64, 4, 0, 1), l),
        ddgamma(f64, random_values(c.gamma, f64, 5, 0, 1)),
        ddbeta(f64, random_values(c.gamma, f64, 6, 0, 1)) {}

  // dx, dgamma and dbeta of the first pass, one after the other.
  Vector first() const {
    const TestTensor dx(f64, shape), dgamma(f64, tested.gamma), dbeta(f64, tested.gamma);
    tested.first({.dx = dx, .dgamma = dgamma, .dbeta = dbeta}, dy, x, gamma, default_context());
    Vector all = vector_of(dx);
    for (const TestTensor* t : {&dgamma, &dbeta})
      for (const double v : vector_of(*t)) all.push_back(v);
    return all;
  }
  Vector weights() const {
    Vector all = vector_of(ddx);
    for (const TestTensor* t : {&ddgamma, &ddbeta})
      for (const double v : vector_of(*t)) all.push_back(v);
    return all;
  }
  // The numerical gradient to one of the three operands.
  Gradient numerical(TestTensor& operand) const {
    const Array before = operand.read();
    const auto f = [&](const Vector& values) {
      Array changed = before;
      for (std::size_t i = 0; i < values.size(); ++i) changed[i] = static_cast<Real>(values[i]);
      operand.write(changed);
      return first();
    };
    const Gradient g = numerical_gradient(f, vector_of(operand), weights());
    operand.write(before);
    return g;
  }
};

void expect_right(const Case& c, Layout layout) {
  Problem p(c, layout);
  const TestTensor ddy(f64, shape), dx(f64, shape, layout), dgamma(f64, c.gamma);
  c.second({ddy, dx, dgamma}, {p.ddx, p.ddgamma, p.ddbeta}, p.dy, p.x, p.gamma, default_context());
  EXPECT_EQ(difference(ddy.read().values, p.numerical(p.dy)), "") << c.name << " ddy";
  EXPECT_EQ(difference(dx.read().values, p.numerical(p.x)), "") << c.name << " dx";
  EXPECT_EQ(difference(dgamma.read().values, p.numerical(p.gamma)), "") << c.name << " dgamma";
}

TEST(SecondBackward, IsTheDerivativeOfTheFirst) {
  for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
    for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
      for (const double eps : {0.2, 50.0}) {
        SCOPED_TRACE(std::to_string(static_cast<int>(place)) + " " + std::to_string(eps));
        for (const Case& c : cases_of(eps, place, divisor)) expect_right(c, Layout::contiguous);
      }
    }
  }
}

TEST(SecondBackward, InEveryLayout) {
  for (const Layout layout :
       {Layout::channels_last, Layout::sliced, Layout::stepped, Layout::transposed, Layout::reversed}) {
    SCOPED_TRACE(name_of(layout));
    for (const Case& c : cases_of(1e-5, EpsPlace::inside, Divisor::population)) expect_right(c, layout);
  }
}

TEST(SecondBackward, OfGivenStatistics) {
  const TestTensor mean(f64, random_values({4}, f64, 7, 0, 1));
  const TestTensor var(f64, Array({4}, 0.7L, f64));
  expect_right(
      make("frozen", {4}, BatchNormOptions{.mode = BatchNormMode::frozen, .running_mean = mean, .running_var = var},
           batch_norm_backward, batch_norm_second_backward),
      Layout::contiguous);
  expect_right(make("instance", {4},
                    InstanceNormOptions{.mode = InstanceNormMode::evaluation, .running_mean = mean, .running_var = var},
                    instance_norm_backward, instance_norm_second_backward),
               Layout::contiguous);
}

TEST(SecondBackward, ThreadsChangeNoBit) {
  for (const Case& c : cases_of(1e-5, EpsPlace::inside, Divisor::population)) {
    const Problem p(c, Layout::contiguous);
    const auto bits = [&](int threads) {
      Context context;
      context.threads = threads;
      const TestTensor ddy(f64, shape), dx(f64, shape), dgamma(f64, c.gamma);
      c.second({ddy, dx, dgamma}, {p.ddx, p.ddgamma, p.ddbeta}, p.dy, p.x, p.gamma, context);
      return std::vector{ddy.bits(), dx.bits(), dgamma.bits()};
    };
    EXPECT_EQ(bits(1), bits(3)) << c.name;
  }
}

TEST(SecondBackward, AbsentOperandsAreZeroAndAbsentGradientsAreNotComputed) {
  const Case c = cases_of(1e-5, EpsPlace::inside, Divisor::population)[0];
  const Problem p(c, Layout::contiguous);
  const TestTensor zeros(f64, Array(shape, 0, f64)), none(f64, Array({4}, 0, f64));
  const TestTensor a(f64, shape), b(f64, shape);
  c.second({.dx = a}, {.ddgamma = p.ddgamma}, p.dy, p.x, p.gamma, default_context());
  c.second({.dx = b}, {zeros, p.ddgamma, none}, p.dy, p.x, p.gamma, default_context());
  EXPECT_EQ(a.bits(), b.bits());
}

TEST(SecondBackward, Refuses) {
  const TestTensor x(f64, shape), dy(f64, shape), wrong(f64, Dims{3, 4, 2, 4}), out(f64, shape);
  EXPECT_REFUSES(Code::shape, "[batch_norm] ddx: expected 3x4x2x5, got 3x4x2x4",
                 batch_norm_second_backward({.dx = out}, {.ddx = wrong}, dy, x));
  EXPECT_REFUSES(Code::refused, "[batch_norm] dx: expected memory of its own, got a view that shares elements",
                 batch_norm_second_backward({.dx = x}, {.ddx = dy}, dy, x));
  const TestTensor mask(DType::u8, Array(shape, 1, DType::u8));
  EXPECT_REFUSES(Code::usage, "[batch_norm] mask: expected none in a second backward pass, got one",
                 batch_norm_second_backward({.dx = out}, {.ddx = dy}, dy, x, {}, {.mask = {mask}}));
}

}  // namespace
}  // namespace poise::test
