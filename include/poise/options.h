#pragma once

#include <cstdint>
#include <span>

#include <poise/context.h>
#include <poise/error.h>
#include <poise/tensor.h>

// What holds for every technique, said once.
//
// Arguments: y first, then x, then options, then results, then a Context. All memory is the caller's. An absent view
// ({}) is an absent operand.
// Types: x and y of the same floating type, or x bf16, f16 or u8 with y f32, or x f32 or u8 with y bf16 or f16; and
// back to bytes, x f32, bf16 or f16 with y u8, by invert_scaling alone. gamma and beta may be of any floating type.
// In place: y may be x itself (same pointer, type and strides). Views that truly share an element otherwise are
// refused; interleaved views that share none pass.
// Errors: Error{shape|usage|refused} before anything is written; a failed call leaves every output as it was.
// Empty: no elements leaves y alone and statistics unchanged. NaN and Inf propagate inside their cell, nowhere else.
// Backward: NAME_backward(gradients, dy, x, saved, options): dy of x's type and shape; saved as the forward call's
// results, where absent measured again; options as in the forward call. Gradients are results: they are overwritten.
// Statistics (mean, rstd) are float64 in and out; running statistics are of the caller's type, averaged in float64.

namespace poise {

// r(v): inside 1/sqrt(v + eps), outside 1/(sqrt(v) + eps), floor 1/sqrt(max(v, eps)). Where v and eps are both zero
// r is 0, so a constant cell gives exactly beta.
enum class EpsPlace : std::uint8_t { inside, outside, floor };

// The variance's divisor: population m, sample m - 1.
enum class Divisor : std::uint8_t { population, sample };

// One value in a cell that normalizes by its own variance: an error; or variance 0, so y is beta, in the running
// statistics too (zero_variance) or with those unchanged (skip_update). Error{shape} comes before anything is written.
enum class OneValue : std::uint8_t { error, zero_variance, skip_update };

// What y is where an element is masked: x itself (keep; dx = dy), 0 (zero; dx = 0), or normalized with the others'
// statistics (normalize; dx = scale * dy).
enum class Masked : std::uint8_t { keep, zero, normalize };

// Which elements count. A masked element enters no statistic and no gradient but its own.
struct Mask {
  ConstTensorView valid = {};  // u8, x's shape (strides may be 0): 0 is masked; absent: all count
  Masked masked = Masked::zero;
  // In place of `valid`, a length a sample (axis 0): positions of the length axis from there on are masked.
  std::span<const std::int64_t> lengths = {};
  int length_axis = -1;
};

// What NaN and infinities in x do. propagate: what arithmetic does, within their cell. raise: Error{data} with their
// number before anything is written (masked ones are not looked at). skip: they enter no statistic and no gradient but
// their own, as if masked; y there is normalized with the others' statistics, so they stay visible, and dx is
// scale * dy; their number is a result. Finite x gives the same bits under each.
enum class NonFinite : std::uint8_t { propagate, raise, skip };

// max(v, 0); v or slope*v; v*sigmoid(v); v*Phi(v) with Phi the normal distribution, and with its usual tanh formula.
enum class Activation : std::uint8_t { none, relu, leaky_relu, silu, gelu, gelu_tanh };

// What is fused to a normalization. Forward: y = activation(z), z = normalized + residual_after; where `residual` is
// present, what is normalized is not x but sum = x + residual, rounded to x's type and stored: a result, which backward
// takes as its x. Masked elements have neither activation nor residual_after.
// Backward, in place of residual and sum: relu and leaky_relu take `y` as the forward call gave it. silu, gelu and
// gelu_tanh cannot be told from y: z is formed again from x, mean and rstd, and from gamma, beta and residual_after (of
// x's type there), which must be the forward call's; absent ones are 1, 0 and 0. They do not read `y`.
// The gradient to both residuals is a gradient of what they are added to: to `residual` it is dx itself, to
// residual_after dresidual = dy * activation'(z), 0 where masked.
struct Epilogue {
  ConstTensorView residual = {};        // of x's type and shape
  TensorView sum = {};                  // wherever residual is
  ConstTensorView residual_after = {};  // of y's type and shape
  Activation activation = Activation::none;
  double slope = 0.01;  // of leaky_relu, 0 to 1
  ConstTensorView y = {};
};

// What a backward call gives: the gradients of a loss to what the forward call read. Each may be absent, and is then
// not computed; a technique refuses those it has no operand for. dx: x's type and shape, may be dy itself. All others:
// the shape of their operand, any floating type, sums over the elements that share a value.
struct Gradients {
  TensorView dx = {}, dgamma = {}, dbeta = {};
  TensorView dstyle = {}, dstyle_mean = {}, dstyle_std = {};  // adaptive instance norm
  TensorView dthreshold = {};                                 // filter response norm
  TensorView dresidual = {};                                  // to Epilogue::residual_after; of x's type and shape
};

// A second backward pass, for penalties on gradients: what is known of the first one's results (its loss' gradients to
// them; absent is 0), and what is asked for: the gradients to what the first backward call read. ddy and dx: x's type
// and shape; dgamma: gamma's shape, any floating type. Each may be absent.
struct SecondOperands {
  ConstTensorView ddx = {}, ddgamma = {}, ddbeta = {};
};
struct SecondGradients {
  TensorView ddy = {}, dx = {}, dgamma = {};
};

}  // namespace poise
