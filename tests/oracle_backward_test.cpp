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
    {"batch_norm", "gamma_axes=0,1,2"},
    {"batch_norm", "mask=given"},
    {"layer_norm", "axes=1,2:mask=given:masked=keep:gamma_offset=1"},
    {"rms_norm", "axes=1,2:mask=given:masked=keep"},
    {"instance_norm", "gamma_axes=2,1:mask=given", false, {3, 2, 9}},
    {"group_norm", "groups=2:gamma_axes=0,1:gamma_offset=-1:mask=given:masked=keep"},
    {"adaptive_instance_norm", ""},
    {"adaptive_instance_norm", "blend=0.7:style_divisor=population:channel_axes=2"},
    {"adaptive_instance_norm", "style_mean=given:style_std=given:blend=0.3"},
    {"global_response_norm", ""},
    {"global_response_norm", "scope=batch:channel_axes=2"},
    {"global_response_norm", "mask=given:masked=keep"},
    {"mean_variance_norm", "axes=0,2"},
    {"mean_variance_norm", "axes=1:normalize_variance=false"},
    {"batch_renorm", "r_max=1:d_max=0"},  // where both are clipped they are constants of the forward pass, too
    {"ghost_batch_norm", "ghost_size=2", false, {4, 3, 5}},
    {"ghost_batch_norm", "ghost_size=1:channel_axes=2"},
    {"weight_standardization", ""},
    {"weight_standardization", "variant=original"},
    {"weight_standardization", "variant=nfnet"},
    {"weight_standardization", "variant=timm_scaled:channel_axes=1"},
    {"weight_standardization", "fan_in=variance"},
    {"weight_norm", ""},
    {"weight_norm", "kept_axes=2,0"},
    {"weight_norm", "kept_axes=-1"},
    {"max_norm", "limit=3"},
    {"max_norm", "limit=1e4"},
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
  for (const std::string_view gradient : technique.gradients) {
    ConstTensorView Parameters::*const view = operand_view(gradient.substr(1));
    if (gradient == "dx" || !(p.*view).present()) continue;
    const Array at = read(p.*view);
    const auto f = [&](const Vector& v) {
      const TestTensor moved(DType::f64, array(at.sizes, v));
      Parameters q = p;
      q.*view = moved;
      return doubles(forward(x, q).y);
    };
    const Statistic& expected = got.gradients.at(std::string(gradient));
    EXPECT_EQ(expected.value.sizes, at.sizes);
    EXPECT_EQ(difference(expected.value.values, derivative(f, doubles(at))), "") << gradient;
  }
}

TEST(OracleBackward, IsTheDerivativeOfTheForwardOracle) {
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.technique) + ":" + c.variant);
    expect_the_derivative(c, parameters_of(c.variant));
  }
  // Clipped for these values with the default eps and divisor.
  const Case clipped{"batch_renorm", "r_max=1.01:d_max=0.001"};
  expect_the_derivative(clipped, parameters_of(clipped.variant));
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
