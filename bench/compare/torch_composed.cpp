// What libtorch has no function for, as its users write it; the fastest way known of each. Gradients are those of its
// autograd, which keeps the graph of the first turn, where batch norm's do not serve.

#include <torch/csrc/autograd/autograd.h>

#include "torch_calls.h"

namespace poise::bench {
namespace {

using at::Tensor;

struct Operands {
  Tensor gamma, beta;
};
using Composition = Tensor (*)(const Tensor& x, const Operands& o);

Tensor affine(const Tensor& x, const Operands& o) {
  return x * o.gamma.view({1, -1, 1, 1}) + o.beta.view({1, -1, 1, 1});
}

Tensor rms_norm(const Tensor& x, const Operands& o) {
  return x * at::rsqrt(x.square().mean(-1, true) + torch_eps) * o.gamma;
}

Tensor layer_norm_over_channels(const Tensor& x, const Operands& o) {
  const Tensor centered = x - x.mean(1, true);
  return affine(centered / at::sqrt(centered.square().mean(1, true) + torch_eps), o);
}

Tensor layer_norm_of_turned(const Tensor& x, const Operands& o) {
  return at::layer_norm(x.permute({0, 2, 3, 1}), {x.size(1)}, o.gamma, o.beta, torch_eps).permute({0, 3, 1, 2});
}

Tensor local_response_norm(const Tensor& x, const Operands&) {
  const Tensor squares = at::constant_pad_nd(x.square().unsqueeze(1), {0, 0, 0, 0, 2, 2});
  return x / at::avg_pool3d(squares, {5, 1, 1}, {1, 1, 1}).squeeze(1).mul(5e-4).add(2).pow(0.75);
}

Tensor global_response_norm(const Tensor& x, const Operands& o) {
  const Tensor g = at::norm(x, 2, {2, 3}, true);
  return x + affine(x * (g / (g.mean(1, true) + 1e-6)), o);
}

Tensor minmax(const Tensor& x, const Operands&) {
  const Tensor low = x.amin({0, 2, 3}, true);
  return (x - low) * (1 / (x.amax({0, 2, 3}, true) - low));
}

Tensor spectral_norm(const Tensor& w, const Operands&) {
  const Tensor u = at::cos(at::arange(1, w.size(0) + 1, w.options())), product = at::mv(w.t(), u / u.norm());
  return w / at::mv(w, product / product.norm()).norm();
}

Tensor zscore(const Tensor& x, const Operands&) {
  return std::get<0>(at::native_batch_norm(x, {}, {}, {}, {}, true, 0, 0));
}

Tensor weight_standardization(const Tensor& w, const Operands&) {
  return std::get<0>(at::native_batch_norm(as_channels(w, 1), {}, {}, {}, {}, true, 0, torch_eps));
}

Composition composition(const Case& c) {
  const std::string_view name = c.problem().technique->name;
  const bool affine = c.problem().gamma && c.problem().beta, backward = c.backward();
  if (name == "rms_norm" && c.problem().gamma) return rms_norm;
  if (name == "layer_norm" && affine) return backward ? layer_norm_of_turned : layer_norm_over_channels;
  if (name == "local_response_norm" && c.parameters().preset == "alexnet") return local_response_norm;
  if (name == "global_response_norm" && affine) return global_response_norm;
  if (backward) return nullptr;
  if (name == "minmax") return minmax;
  if (name == "zscore") return zscore;
  if (name == "spectral_norm") return spectral_norm;
  if (name == "weight_standardization") return weight_standardization;
  return nullptr;
}

TorchCall gradient(const Case& c, Composition of, const Operands& o) {
  std::vector<Tensor> leaves = {tensor(c.x(0)).requires_grad_()};
  for (const Tensor& parameter : {o.gamma, o.beta})
    if (parameter.defined()) leaves.push_back(parameter.requires_grad_());
  const at::AutoGradMode graph(true);
  const Tensor y = of(leaves[0], o);
  return [=, &c](std::size_t t) {
    const at::AutoGradMode on(true);
    return torch::autograd::grad({y}, leaves, {tensor(c.dy(t))}, true)[0];
  };
}

// The style's statistics are gamma and beta of channels of their own.
TorchCall adaptive_instance_norm(const Case& c) {
  const Tensor std = tensor(c.parameters().style_std).reshape(-1), mean = tensor(c.parameters().style_mean).reshape(-1);
  if (c.backward()) return channels_backward(c, std);
  return [=, &c](std::size_t t) {
    return std::get<0>(at::native_batch_norm(as_channels(tensor(c.x(t)), 2), std, mean, {}, {}, true, 0, torch_eps));
  };
}

}  // namespace

TorchCall composed_call(const Case& c) {
  if (c.problem().x != DType::f32 || own_call(c)) return {};
  const std::string_view name = c.problem().technique->name;
  if (name == "adaptive_instance_norm") return adaptive_instance_norm(c);
  if (name == "weight_standardization" && c.backward()) return channels_backward(c, {}, 1);
  const Composition of = composition(c);
  if (of == nullptr) return {};
  const Operands o{tensor(c.parameters().gamma), tensor(c.parameters().beta)};
  if (c.backward()) return gradient(c, of, o);
  return [=, &c](std::size_t t) { return of(tensor(c.x(t)), o); };
}

}  // namespace poise::bench
