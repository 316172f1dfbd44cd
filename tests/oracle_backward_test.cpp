// The backward oracles, which judge the library, are themselves judged: against numerical differentiation of the
// forward oracles.

#include "oracle_backward.h"

#include "expect.h"
#include "jacobian.h"
#include "sweep/cases.h"

namespace poise::test {
namespace {

struct Case {
  const char* technique;
  const char* variant;  // "mode=evaluation:eps=0.3"
  bool running = false;
  Dims sizes = {3, 4, 5};
};

const Case cases[] = {
    {"batch_norm", ""},
    {"batch_norm", "channel_axes=2,0:divisor=sample"},
    {"batch_norm", "mode=evaluation", true},
    {"batch_norm", "mode=frozen:eps=0.3:eps_place=outside", true},
    {"batch_norm", "mode=evaluation:track_running=false"},
    {"layer_norm", ""},
    {"layer_norm", "axes=1"},
    {"layer_norm", "axes=2,1:gamma_axes=1"},
    {"layer_norm", "axes=1:gamma_axes=2,0:divisor=sample"},
    {"rms_norm", ""},
    {"rms_norm", "axes=1,2:gamma_axes=1"},
    {"rms_norm", "axes=0:gamma_axes=2"},
    {"instance_norm", ""},
    {"instance_norm", "divisor=sample:channel_axes=2"},
    {"instance_norm", "mode=evaluation", true},
    {"instance_norm", "mode=evaluation"},
    {"group_norm", "groups=2"},
    {"group_norm", "groups=1:divisor=sample"},
    {"group_norm", "groups=4"},
    {"batch_norm", "gamma_axes=0,1:gamma_offset=1"},
    {"layer_norm", "gamma_axes=0,2:gamma_offset=1"},
    {"instance_norm", "gamma_axes=0,1,2"},
    {"group_norm", "groups=2:gamma_axes=2"},
};

Vector doubles(const Array& a) { return {a.values.begin(), a.values.end()}; }
Array array(const Dims& sizes, const Vector& values) {
  Array a(sizes, 0, DType::f64);
  a.values.assign(values.begin(), values.end());
  return a;
}

void expect_the_derivative(const Case& c, Parameters p) {
  const Technique& technique = technique_named(c.technique);
  const Oracle forward = oracle_named(c.technique);
  const Operands operands(technique, c.sizes, DType::f64, p, {"gamma", "beta"});
  Operands running = c.running ? Operands(technique, c.sizes, DType::f64, p, {"running_mean", "running_var"})
                               : Operands(technique, c.sizes, DType::f64, p, {});
  const Array x = random_values(c.sizes, DType::f64, 11), dy = random_values(c.sizes, DType::f64, 12, 0.2, 1);
  const ExpectedGradients got = backward_oracle_named(c.technique)(x, dy, p);
  // The oracle's y is rounded to float64, and to no less.
  const auto derivative = [&](auto f, const Vector& at) { return numerical_gradient(f, at, doubles(dy), 0x1p-7L, w); };
  EXPECT_EQ(
      difference(got.dx.values,
                 derivative([&](const Vector& v) { return doubles(forward(array(c.sizes, v), p).y); }, doubles(x))),
      "")
      << "dx";
  const auto of_operand = [&](const char* name, ConstTensorView Parameters::*view) {
    const Dims shape = technique.shape_of(name, c.sizes, p);
    const Vector at = doubles(read(p.*view));
    const auto f = [&](const Vector& v) {
      const TestTensor moved(DType::f64, array(shape, v));
      Parameters q = p;
      q.*view = moved;
      return doubles(forward(x, q).y);
    };
    const Statistic& expected = got.gradients.at(std::string("d") + name);
    EXPECT_EQ(expected.value.sizes, shape);
    EXPECT_EQ(difference(expected.value.values, derivative(f, at)), "") << name;
  };
  of_operand("gamma", &Parameters::gamma);
  of_operand("beta", &Parameters::beta);
}

TEST(OracleBackward, IsTheDerivativeOfTheForwardOracle) {
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.technique) + ":" + c.variant);
    expect_the_derivative(c, parameters_of(c.variant));
  }
}

// eps 100 makes the floor act everywhere, 0.3 nowhere.
TEST(OracleBackward, InEveryEpsPlaceAndBothDivisors) {
  for (const Case& c : cases) {
    for (const EpsPlace place : {EpsPlace::inside, EpsPlace::outside, EpsPlace::floor}) {
      for (const Divisor divisor : {Divisor::population, Divisor::sample}) {
        for (const double eps : {0.0, 0.3, 100.0}) {
          Parameters p = parameters_of(c.variant);
          p.eps = eps;
          p.eps_place = place;
          p.divisor = divisor;
          SCOPED_TRACE(std::string(c.technique) + ":" + c.variant + " place " +
                       std::to_string(static_cast<int>(place)) + " divisor " +
                       std::to_string(static_cast<int>(divisor)) + " eps " + std::to_string(eps));
          expect_the_derivative(c, p);
        }
      }
    }
  }
}

}  // namespace
}  // namespace poise::test
