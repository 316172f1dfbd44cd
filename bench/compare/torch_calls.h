#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <vector>

#include "bench/case.h"

namespace poise::bench {

using TorchCall = std::function<at::Tensor(std::size_t turn)>;  // y, or dx of a backward case, of its elements in order

inline constexpr double torch_eps = 1e-5;

std::vector<std::int64_t> numbers(const Dims& dims);

// The same memory; undefined where the view is absent.
at::Tensor tensor(const ConstTensorView& view);

// (1, the first `outer` axes, the others): batch norm of that is instance norm, or weight standardization, which is how
// libtorch does the one itself. Copied where the strides ask for it.
at::Tensor as_channels(const at::Tensor& x, int outer);
TorchCall channels_backward(const Case& c, const at::Tensor& gamma = {}, int outer = 2);

// What libtorch has functions of its own for; empty otherwise.
TorchCall own_call(const Case& c);

// What it has not, of the functions that it has; empty for what is left.
TorchCall composed_call(const Case& c);

}  // namespace poise::bench
