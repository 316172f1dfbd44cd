// What is fused to a normalization: residuals before and after, activations, and their way back.

#include <poise/poise.h>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "activation_oracle.h"
#include "expect.h"
#include "test_tensor.h"
#include "tolerance.h"

namespace poise::test {
namespace {

constexpr Activation activations[] = {Activation::none, Activation::relu, Activation::leaky_relu,
                                      Activation::silu, Activation::gelu, Activation::gelu_tanh};
constexpr double slope = 0.2;

// The activations from their definitions in long double.
Real activated(Real v, Activation a) {
  switch (a) {
    case Activation::none:
      return v;
    case Activation::relu:
      return v > 0 ? v : 0;
    case Activation::leaky_relu:
      return v > 0 ? v : static_cast<Real>(slope) * v;
    default:
      return v * share_of(v, a).share;
  }
}

// Every technique that takes an epilogue, by its loop shape.
struct Fused {
  std::string name;
  std::function<void(TensorView, ConstTensorView, const Epilogue&, Context&)> forward;
  std::function<void(const Gradients&, ConstTensorView, ConstTensorView, const Epilogue&, Context&)> backward;
};

std::vector<Fused> fused() {
  using C = Context;
  using E = Epilogue;
  return {
      {"batch_norm", [](auto y, auto x, const E& e, C& c) { batch_norm(y, x, {.epilogue = e}, {}, c); },
       [](auto& g, auto dy, auto x, const E& e, C& c) { batch_norm_backward(g, dy, x, {}, {.epilogue = e}, c); }},
      {"layer_norm", [](auto y, auto x, const E& e, C& c) { layer_norm(y, x, {.epilogue = e}, {}, c); },
       [](auto& g, auto dy, auto x, const E& e, C& c) { layer_norm_backward(g, dy, x, {}, {.epilogue = e}, c); }},
      {"layer_norm over channels",
       [](auto y, auto x, const E& e, C& c) { layer_norm(y, x, {.axes = {1}, .epilogue = e}, {}, c); },
       [](auto& g, auto dy, auto x, const E& e, C& c) {
         layer_norm_backward(g, dy, x, {}, {.axes = {1}, .epilogue = e}, c);
       }},
      {"rms_norm", [](auto y, auto x, const E& e, C& c) { rms_norm(y, x, {.epilogue = e}, {}, c); },
       [](auto& g, auto dy, auto x, const E& e, C& c) { rms_norm_backward(g, dy, x, {}, {.epilogue = e}, c); }},
      {"instance_norm", [](auto y, auto x, const E& e, C& c) { instance_norm(y, x, {.epilogue = e}, {}, c); },
       [](auto& g, auto dy, auto x, const E& e, C& c) { instance_norm_backward(g, dy, x, {}, {.epilogue = e}, c); }},
      {"group_norm", [](auto y, auto x, const E& e, C& c) { group_norm(y, x, {.groups = 2, .epilogue = e}, {}, c); },
       [](auto& g, auto dy, auto x, const E& e, C& c) {
         group_norm_backward(g, dy, x, {}, {.groups = 2, .epilogue = e}, c);
       }}};
}

// y in the compute type from the plain call, then the residual and the activation in long double; 8 further ulps of the
// terms for an addition, an activation in float64 (whose slope is below 1.13) and a rounding.
std::string wrong(const TestTensor& y, const TestTensor& plain, const TestTensor* residual, Activation a) {
  const Array got = y.read(), before = plain.read();
  const Array added = residual == nullptr ? Array(got.sizes, 0) : residual->read();
  const DType type = got.type;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Real r = added[i];
    const Real bound = 8 * unit_roundoff(type) * (std::fabs(before[i]) + std::fabs(r)) + 8 * smallest_subnormal(type);
    if (y_right(got[i], activated(before[i] + r, a), bound, type)) continue;
    return std::to_string(i) + ": got " + std::to_string(static_cast<double>(got[i])) + ", expected " +
           std::to_string(static_cast<double>(activated(before[i] + r, a)));
  }
  return "";
}

// The plain result in the wide type, so that a 16-bit y shows a second rounding.
TestTensor plain_result(const Fused& f, const TestTensor& x, const Dims& sizes, Layout layout) {
  const DType wide = x.view().dtype() == DType::f64 ? DType::f64 : DType::f32;
  TestTensor y(wide, sizes, layout);
  f.forward(y, x, {}, default_context());
  return y;
}

TEST(Epilogue, ActivationAndResidualAfterAreRoundedOnce) {
  for (const DType type : floating_types) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::stepped}) {
      for (const Dims& sizes : {Dims{2, 4, 3, 7}, Dims{3, 70, 5, 9}}) {
        const TestTensor x(type, random_values(sizes, type, 1), layout), z(type, random_values(sizes, type, 2), layout);
        for (const Fused& f : fused()) {
          const TestTensor plain = plain_result(f, x, sizes, layout);
          for (const Activation a : activations) {
            const TestTensor y(type, sizes, layout);
            f.forward(y, x, {.residual_after = z, .activation = a, .slope = slope}, default_context());
            ASSERT_EQ(wrong(y, plain, &z, a), "") << f.name << " " << name_of(type) << " " << name_of(layout);
            ASSERT_TRUE(y.sentinels_intact());
          }
        }
      }
    }
  }
}

// The second shape has one tile of lanes that threads share by blocks of rows.
TEST(Epilogue, OnEveryInstructionSetAndAnyThreadsTheSameBits) {
  for (const Dims& sizes : {Dims{2, 6, 33, 37}, Dims{9000, 6}}) {
    const TestTensor x(DType::f32, random_values(sizes, DType::f32, 3)),
        z(DType::f32, random_values(sizes, DType::f32, 4));
    const Epilogue epilogue{.residual_after = z, .activation = Activation::leaky_relu, .slope = slope};
    for (const Fused& f : fused()) {
      if (sizes.size() == 2 && (f.name == "instance_norm" || f.name == "layer_norm over channels")) continue;
      for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
        if (!target_available(target)) continue;
        std::vector<std::byte> first;
        for (const int threads : {1, 2, 3}) {
          Context context;
          context.target = target;
          context.threads = threads;
          const TestTensor y(DType::f32, sizes);
          f.forward(y, x, epilogue, context);
          if (threads == 1) first = y.bits();
          EXPECT_TRUE(y.bits() == first) << f.name << " " << name_of(target) << " " << threads;
        }
      }
    }
  }
}

TEST(Epilogue, TheStoredSumIsWhatIsNormalized) {
  const Dims sizes = {2, 4, 3, 7};
  for (const DType type : floating_types) {
    const TestTensor x(type, random_values(sizes, type, 5)),
        r(type, random_values(sizes, type, 6), Layout::channels_last);
    Array added(sizes, 0, type);
    const Array a = x.read(), b = r.read();
    for (std::size_t i = 0; i < added.size(); ++i) {
      // Two floats add to a double exactly enough: one rounding, as the loops' float addition does.
      added[i] = rounded(a[i] + b[i], type);
    }
    const TestTensor expected_sum(type, added);
    for (const Fused& f : fused()) {
      const TestTensor sum(type, sizes), y(type, sizes), expected(type, sizes);
      f.forward(y, x, {.residual = r, .sum = sum}, default_context());
      f.forward(expected, expected_sum, {}, default_context());
      EXPECT_EQ(sum.bits(), expected_sum.bits()) << f.name << " " << name_of(type);
      EXPECT_EQ(y.bits(), expected.bits()) << f.name << " " << name_of(type);
      // The sum in x's own memory.
      const TestTensor in_place(type, x.read(), Layout::contiguous, TestTensor::Role::output);
      f.forward(y, in_place, {.residual = r, .sum = in_place}, default_context());
      EXPECT_EQ(y.bits(), expected.bits()) << f.name << " in place";
    }
  }
}

TEST(Epilogue, BackwardGatesDyByY) {
  const Dims sizes = {2, 4, 5, 7};
  for (const DType type : {DType::f32, DType::f64, DType::bf16}) {
    const TestTensor x(type, random_values(sizes, type, 7)), dy(type, random_values(sizes, type, 8, 0, 1));
    for (const Fused& f : fused()) {
      for (const Activation a : {Activation::none, Activation::relu, Activation::leaky_relu}) {
        const TestTensor y(type, sizes);
        f.forward(y, x, {.activation = a, .slope = slope}, default_context());
        Array gated = dy.read();
        const Array forward = y.read();
        for (std::size_t i = 0; i < gated.size(); ++i) {
          if (a == Activation::none || forward[i] > 0) continue;
          const Real s = rounded(static_cast<Real>(slope), type == DType::f64 ? type : DType::f32);
          gated[i] = a == Activation::relu ? 0 : rounded(s * gated[i], type);
        }
        const TestTensor passed(type, gated), expected(type, sizes);
        f.backward({.dx = expected}, passed, x, {}, default_context());
        Epilogue e{.activation = a, .slope = slope};
        if (a != Activation::none) e.y = y;
        const TestTensor dx(type, sizes), dresidual(type, sizes);
        f.backward({.dx = dx, .dresidual = dresidual}, dy, x, e, default_context());
        EXPECT_EQ(dx.bits(), expected.bits()) << f.name;
        EXPECT_EQ(dresidual.bits(), passed.bits()) << f.name;
        f.backward({.dx = dx}, dy, x, e, default_context());
        EXPECT_EQ(dx.bits(), expected.bits()) << f.name << " without dresidual";
        const TestTensor in_place(type, dy.read(), Layout::contiguous, TestTensor::Role::output);
        f.backward({.dx = in_place}, in_place, x, e, default_context());
        EXPECT_EQ(in_place.bits(), expected.bits()) << f.name << " in place";
      }
    }
  }
}

// The forward pass neither adds nor activates where masked: all of dy goes on to dx there, nothing to the residual.
TEST(Epilogue, BackwardOfWhatIsMasked) {
  const Dims sizes = {2, 4, 5, 7};
  Array valid(sizes, 1, DType::u8);
  for (std::size_t i = 0; i < valid.size(); i += 3) valid[i] = 0;
  const TestTensor mask(DType::u8, valid), x(DType::f32, random_values(sizes, DType::f32, 7)),
      dy(DType::f32, random_values(sizes, DType::f32, 8, 0, 1));
  for (const Masked masked : {Masked::keep, Masked::zero, Masked::normalize}) {
    for (const Activation a : {Activation::none, Activation::relu, Activation::leaky_relu}) {
      GroupNormOptions plain{.groups = 2, .mask = {.valid = mask, .masked = masked}};
      GroupNormOptions fused = plain;
      fused.epilogue = {.activation = a, .slope = 0.25};
      const TestTensor y(DType::f32, sizes), dx(DType::f32, sizes), expected(DType::f32, sizes),
          dresidual(DType::f32, sizes);
      group_norm(y, x, fused);
      Array to_x = dy.read(), to_residual = dy.read();
      for (std::size_t i = 0; i < to_x.size(); ++i) {
        if (valid[i] == 0) to_residual[i] = 0;
        if (valid[i] == 0 || a == Activation::none || y.read()[i] > 0) continue;
        to_x[i] = to_residual[i] = a == Activation::relu ? 0 : to_x[i] / 4;
      }
      if (a != Activation::none) fused.epilogue.y = y;
      group_norm_backward({.dx = expected}, TestTensor(DType::f32, to_x), x, {}, plain);
      group_norm_backward({.dx = dx, .dresidual = dresidual}, dy, x, {}, fused);
      EXPECT_TRUE(dx.bits() == expected.bits());
      EXPECT_EQ(dresidual.read().values, to_residual.values);
    }
  }
}

TEST(Epilogue, BackwardOfAWiderY) {
  const Dims sizes = {3, 37};
  const TestTensor x(DType::bf16, random_values(sizes, DType::bf16, 7)), y(DType::f32, sizes),
      dy(DType::bf16, random_values(sizes, DType::bf16, 8)), dx(DType::bf16, sizes), dresidual(DType::bf16, sizes);
  layer_norm(y, x, {.epilogue = {.activation = Activation::relu}});
  layer_norm_backward({.dx = dx, .dresidual = dresidual}, dy, x, {},
                      {.epilogue = {.activation = Activation::relu, .y = y}});
  for (std::size_t i = 0; i < 3 * 37; ++i) EXPECT_EQ(dresidual.read()[i], y.read()[i] > 0 ? dy.read()[i] : 0);
}

TEST(Epilogue, OfEvenFarValues) {
  const TestTensor x(DType::f32, Array(Dims{1, 1}, 1));
  for (const auto& [v, a, expected] : {std::tuple{-1e4F, Activation::silu, 0.0F},
                                       {1e4F, Activation::silu, 1e4F},
                                       {-1e4F, Activation::gelu, 0.0F},
                                       {1e4F, Activation::gelu, 1e4F},
                                       {-1e4F, Activation::gelu_tanh, 0.0F},
                                       {1e4F, Activation::gelu_tanh, 1e4F}}) {
    const TestTensor y(DType::f32, Dims{1, 1}), beta(DType::f32, Array(Dims{1}, static_cast<Real>(v)));
    layer_norm(y, x, {.beta = beta, .epilogue = {.activation = a}});
    EXPECT_EQ(static_cast<float>(y.read()[0]), expected) << v;
  }
}

TEST(Epilogue, Refuses) {
  const Dims sizes = {2, 4, 3};
  const TestTensor x(DType::f32, sizes), y(DType::f32, sizes), other(DType::f32, Dims{2, 4, 4}),
      half(DType::f16, sizes);
  const TestTensor other_x(DType::f32, sizes);
  EXPECT_REFUSES(Code::shape, "[layer_norm] residual_after: expected 2x4x3, got 2x4x4",
                 layer_norm(y, x, {.epilogue = {.residual_after = other}}));
  EXPECT_REFUSES(Code::usage, "[layer_norm] residual_after: expected f32, got f16",
                 layer_norm(y, x, {.epilogue = {.residual_after = half}}));
  EXPECT_REFUSES(Code::usage, "[layer_norm] sum: expected one with a residual, and none without, got none",
                 layer_norm(y, x, {.epilogue = {.residual = x}}));
  EXPECT_REFUSES(Code::usage, "[layer_norm] slope: expected a number from 0 to 1, got 2",
                 layer_norm(y, x, {.epilogue = {.activation = Activation::leaky_relu, .slope = 2}}));
  EXPECT_REFUSES(Code::usage,
                 "[layer_norm] epilogue.y: expected the forward call's y where relu or leaky_relu gates, got none",
                 layer_norm_backward({.dx = y}, x, other_x, {}, {.epilogue = {.activation = Activation::relu}}));
}

}  // namespace
}  // namespace poise::test
