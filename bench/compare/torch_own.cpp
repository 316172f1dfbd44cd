// What libtorch has functions of its own for: its kernels for the layout, forward and backward.

#include "torch_calls.h"

namespace poise::bench {
namespace {

// The last axes, from the first of those given on.
std::vector<std::int64_t> row(const Problem& problem) {
  const Dims& axes = problem.parameters.axes;
  const int first = axes.empty() ? problem.sizes.size() - 1 : static_cast<int>(axes[0]);
  return {problem.sizes.begin() + first, problem.sizes.end()};
}

bool last_axes(const Parameters& p) { return p.axes.empty() || p.axes[0] != 1; }

TorchCall forward(const Case& c) {
  const Problem& problem = c.problem();
  const Parameters& p = c.parameters();
  const std::string_view name = problem.technique->name;
  const at::Tensor gamma = tensor(p.gamma), beta = tensor(p.beta);
  const at::Tensor mean = tensor(p.running_mean), var = tensor(p.running_var);
  if (name == "batch_norm") {
    return [=, &c, training = p.mode == BatchNormMode::training](std::size_t t) {
      return std::get<0>(at::native_batch_norm(tensor(c.x(t)), gamma, beta, mean, var, training, 0.1, torch_eps));
    };
  }
  if (name == "layer_norm" && last_axes(p)) {
    return [=, &c, row = row(problem)](std::size_t t) {
      return std::get<0>(at::native_layer_norm(tensor(c.x(t)), row, gamma, beta, torch_eps));
    };
  }
  if (name == "group_norm") {
    return [=, &c](std::size_t t) { return at::group_norm(tensor(c.x(t)), p.groups, gamma, beta, torch_eps, false); };
  }
  if (name == "instance_norm") {
    return [=, &c](std::size_t t) {
      return at::instance_norm(tensor(c.x(t)), gamma, beta, {}, {}, true, 0.1, torch_eps, false);
    };
  }
  return {};
}

TorchCall batch_norm_backward(const Case& c, const at::Tensor& gamma, std::array<bool, 3> mask) {
  const auto [y, mean, rstd] = at::native_batch_norm(tensor(c.x(0)), gamma, {}, {}, {}, true, 0.1, torch_eps);
  return [=, &c, mean = mean, rstd = rstd](std::size_t t) {
    return std::get<0>(at::native_batch_norm_backward(tensor(c.dy(t)), tensor(c.x(t)), gamma, {}, {}, mean, rstd, true,
                                                      torch_eps, mask));
  };
}

TorchCall layer_norm_backward(const Case& c, const at::Tensor& gamma, std::array<bool, 3> mask) {
  const at::Tensor beta = tensor(c.parameters().beta);
  const auto [y, mean, rstd] = at::native_layer_norm(tensor(c.x(0)), row(c.problem()), gamma, beta, torch_eps);
  return [=, &c, row = row(c.problem()), mean = mean, rstd = rstd](std::size_t t) {
    return std::get<0>(
        at::native_layer_norm_backward(tensor(c.dy(t)), tensor(c.x(t)), row, mean, rstd, gamma, beta, mask));
  };
}

// Its kernel takes memory for channels first whatever the strides are; so it is given copies, as by its own autograd.
TorchCall group_norm_backward(const Case& c, const at::Tensor& gamma, std::array<bool, 3> mask) {
  const Dims& s = c.problem().sizes;
  const std::int64_t inner = s.product() / s[0] / s[1], groups = c.parameters().groups;
  const auto [y, mean, rstd] = at::native_group_norm(tensor(c.x(0)).contiguous(), gamma, tensor(c.parameters().beta),
                                                     s[0], s[1], inner, groups, torch_eps);
  return [=, &c, mean = mean, rstd = rstd](std::size_t t) {
    return std::get<0>(at::native_group_norm_backward(tensor(c.dy(t)).contiguous(), tensor(c.x(t)).contiguous(), mean,
                                                      rstd, gamma, s[0], s[1], inner, groups, mask));
  };
}

// The statistics that the forward pass kept are given, as they are in training: not measured again.
TorchCall backward(const Case& c) {
  const std::string_view name = c.problem().technique->name;
  const at::Tensor gamma = tensor(c.parameters().gamma);
  const std::array<bool, 3> mask = {true, c.problem().gamma, c.problem().beta};
  if (name == "batch_norm" && c.parameters().mode == BatchNormMode::training)
    return batch_norm_backward(c, gamma, mask);
  if (name == "layer_norm" && last_axes(c.parameters())) return layer_norm_backward(c, gamma, mask);
  if (name == "group_norm") return group_norm_backward(c, gamma, mask);
  if (name == "instance_norm" && !c.problem().gamma) return channels_backward(c);
  return {};
}

}  // namespace

std::vector<std::int64_t> numbers(const Dims& dims) { return {dims.begin(), dims.end()}; }

at::Tensor tensor(const ConstTensorView& view) {
  if (!view.present()) return {};
  const auto type = view.dtype() == DType::bf16 ? at::kBFloat16 : at::kFloat;
  return at::from_blob(const_cast<void*>(view.data()), numbers(view.sizes()), numbers(view.strides()), at::dtype(type));
}

at::Tensor as_channels(const at::Tensor& x, int outer) {
  std::int64_t channels = 1;
  for (int i = 0; i < outer; ++i) channels *= x.size(i);
  return x.contiguous().view({1, channels, -1});
}

TorchCall channels_backward(const Case& c, const at::Tensor& gamma, int outer) {
  const auto [y, mean, rstd] =
      at::native_batch_norm(as_channels(tensor(c.x(0)), outer), gamma, {}, {}, {}, true, 0.1, torch_eps);
  return [=, &c, mean = mean, rstd = rstd](std::size_t t) {
    const auto as_given = [&](const TensorView& view) { return as_channels(tensor(view), outer); };
    return std::get<0>(at::native_batch_norm_backward(as_given(c.dy(t)), as_given(c.x(t)), gamma, {}, {}, mean, rstd,
                                                      true, torch_eps, {true, false, false}));
  };
}

TorchCall own_call(const Case& c) { return c.backward() ? backward(c) : forward(c); }

}  // namespace poise::bench
