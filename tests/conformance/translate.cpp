#include "translate.h"

#include <poise/error.h>

#include <cmath>
#include <cstdio>

namespace poise::test {
namespace {

using onnx::Node;

constexpr struct {
  const char *op, *technique;
} names[] = {
    {"BatchNormalization", "batch_norm"},
    {"InstanceNormalization", "instance_norm"},
    {"LayerNormalization", "layer_norm"},
    {"RMSNormalization", "rms_norm"},
    {"GroupNormalization", "group_norm"},
    {"LRN", "local_response_norm"},
    {"MeanVarianceNormalization", "mean_variance_norm"},
    {"LpNormalization", "lp_norm"},
};

[[noreturn]] void fail(const std::string& message) { throw Error(Code::data, "[onnx] " + message); }

ConstTensorView keep(Translation& t, const Array& values, DType type) {
  t.memory.emplace_back(type, values);
  return t.memory.back();
}

void affine(Translation& t, const std::vector<Array>& inputs, const Dims& x, const Dims& axes) {
  if (inputs.size() > 1) t.parameters.gamma = keep(t, inputs[1], inputs[1].type);
  if (inputs.size() > 2) t.parameters.beta = keep(t, inputs[2], inputs[2].type);
  t.peer.gamma = oracle::along(t.parameters.gamma, x, axes, 1);
  t.peer.beta = oracle::along(t.parameters.beta, x, axes, 0);
}

Dims from_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) fail("axis: expected one of rank " + std::to_string(rank));
  Dims axes;
  for (int i = positive(static_cast<int>(axis), rank); i < rank; ++i) axes.push_back(i);
  return axes;
}

Dims axes_but(const Dims& axes, int rank) { return other_axes(positive(axes, rank), rank); }

// new = old * momentum + batch * (1 - momentum), in float32: a rounding each, and the stored operands.
std::vector<Real> bound_of_average(const Array& old, const std::vector<Real>& batch, const std::vector<Real>& error,
                                   Real momentum) {
  std::vector<Real> bound;
  for (std::size_t c = 0; c < batch.size(); ++c) {
    const Real kept = momentum * std::fabs(old[c]), added = (1 - momentum) * std::fabs(batch[c]);
    bound.push_back((1 - momentum) * error[c] + 5 * u * (kept + added));
  }
  return bound;
}

void running(Translation& t, const Array& x, const std::vector<Array>& inputs, Real momentum) {
  const auto moments = oracle::moments(x, t.peer.cells);
  std::vector<Real> means, variances, variance_errors;
  for (std::size_t c = 0; c < moments.size(); ++c) {
    means.push_back(moments[c].mean());
    variances.push_back(moments[c].variance(Divisor::population));
    variance_errors.push_back(2 * t.peer.affine[c].scale_error * variances.back());
  }
  t.results.push_back({"running_mean", bound_of_average(inputs[3], means, bound_of_mean(t.peer), momentum)});
  t.results.push_back({"running_var", bound_of_average(inputs[4], variances, variance_errors, momentum)});
}

void batch_norm(Translation& t, const Node& node, const std::vector<Array>& inputs) {
  if (inputs.size() != 5) fail("BatchNormalization: expected 5 inputs");
  const Array& x = inputs[0];
  const bool training = node.integer("training_mode", 0) != 0;
  const double eps = node.real("epsilon", 1e-5), momentum = node.real("momentum", 0.9);
  affine(t, inputs, x.sizes, {1});
  t.peer.cells = oracle::cells_keeping(x.sizes, {1});
  t.peer.affine = training ? centered(x, t.peer.cells, eps) : given(inputs[3], inputs[4], eps);
  Parameters& p = t.parameters;
  p.running_mean = keep(t, inputs[3], inputs[3].type);
  p.running_var = keep(t, inputs[4], inputs[4].type);
  p.mode = training ? BatchNormMode::training : BatchNormMode::evaluation;
  p.running_divisor = Divisor::population;
  p.momentum = 1 - momentum;  // ONNX's is the weight of the old value
  p.eps = eps;
  if (training) running(t, x, inputs, static_cast<Real>(momentum));
}

void instance_norm(Translation& t, const Node& node, const std::vector<Array>& inputs) {
  const Array& x = inputs[0];
  t.parameters.eps = node.real("epsilon", 1e-5);
  affine(t, inputs, x.sizes, {1});
  t.peer.cells = oracle::cells_keeping(x.sizes, {0, 1});
  t.peer.affine = centered(x, t.peer.cells, t.parameters.eps);
}

void layer_norm(Translation& t, const Node& node, const std::vector<Array>& inputs) {
  const Array& x = inputs[0];
  t.parameters.eps = node.real("epsilon", 1e-5);
  t.parameters.axes = from_axis(node.integer("axis", -1), x.sizes.size());
  affine(t, inputs, x.sizes, t.parameters.axes);
  t.peer.cells = oracle::cells_keeping(x.sizes, axes_but(t.parameters.axes, x.sizes.size()));
  const bool rms = node.op == "RMSNormalization";
  t.peer.affine = rms ? mean_square(x, t.peer.cells, t.parameters.eps) : centered(x, t.peer.cells, t.parameters.eps);
  if (node.outputs.size() > 1) t.results.push_back({"mean", bound_of_mean(t.peer)});
  if (node.outputs.size() > 2) t.results.push_back({"rstd", bound_of_rstd(t.peer)});
}

// Until version 20 scale and bias are one value a group, from 21 on one a channel.
void group_norm(Translation& t, const Node& node, std::int64_t opset, std::vector<Array> inputs) {
  const Array& x = inputs[0];
  const std::int64_t groups = node.integer("num_groups", 0), channels = x.sizes[1];
  if (groups < 1 || channels % groups != 0) fail("num_groups: expected a divisor of the channels");
  const auto per_group = static_cast<std::size_t>(channels / groups);
  for (std::size_t k = 1; opset < 21 && k < inputs.size(); ++k) {
    Array spread(Dims{channels}, 0, inputs[k].type);
    for (std::size_t c = 0; c < spread.size(); ++c) spread[c] = inputs[k][c / per_group];
    inputs[k] = spread;
  }
  t.parameters.eps = node.real("epsilon", 1e-5);
  t.parameters.groups = groups;
  affine(t, inputs, x.sizes, {1});
  t.peer.cells = oracle::cells_keeping(x.sizes, {0, 1});
  for (auto& key : t.peer.cells.of) key /= per_group;
  t.peer.cells.shape = {x.sizes[0], groups};
  t.peer.affine = centered(x, t.peer.cells, t.parameters.eps);
}

void set(Translation& t, const char* name, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  set_parameter(t.parameters, name, text);
}

void local_response_norm(Translation& t, const Node& node, const std::vector<Array>& inputs) {
  const std::int64_t size = node.integer("size", 0);
  if (size < 1) fail("size: expected at least 1");
  const double alpha = node.real("alpha", 1e-4), beta = node.real("beta", 0.75), k = node.real("bias", 1);
  set(t, "size", static_cast<double>(size));
  set(t, "alpha", alpha);
  set(t, "exponent", beta);
  set(t, "k", k);
  set_parameter(t.parameters, "alpha_scaled", "true");
  set_parameter(t.parameters, "extra_tap", "after");
  t.peer = local_response(inputs[0], size, alpha, beta, k);
}

void mean_variance_norm(Translation& t, const Node& node, const std::vector<Array>& inputs) {
  const Array& x = inputs[0];
  t.parameters.axes = node.integers("axes", {0, 2, 3});
  affine(t, {x}, x.sizes, {});
  t.peer.cells = oracle::cells_keeping(x.sizes, axes_but(t.parameters.axes, x.sizes.size()));
  t.peer.affine = variance_by_difference(x, t.peer.cells, 1e-9);
}

void lp_norm(Translation& t, const Node& node, const std::vector<Array>& inputs) {
  const Array& x = inputs[0];
  const std::int64_t p = node.integer("p", 2);
  t.parameters.axes = {node.integer("axis", -1)};
  set(t, "p", static_cast<double>(p));
  affine(t, {x}, x.sizes, {});
  t.peer.cells = oracle::cells_keeping(x.sizes, axes_but(t.parameters.axes, x.sizes.size()));
  t.peer.affine = norm(x, t.peer.cells, p);
}

}  // namespace

const char* technique_for(const Node& node) {
  for (const auto& name : names) {
    if (node.op == name.op) return name.technique;
  }
  fail("op_type: expected a normalization, got " + node.op);
}

Translation translate(const Node& node, std::int64_t opset, const std::vector<Array>& inputs) {
  if (inputs.empty() || inputs[0].sizes.size() < 1) fail("x: expected an input with axes");
  Translation t;
  t.technique = technique_for(node);
  t.memory.reserve(4);
  const std::string_view op = node.op;
  if (inputs[0].sizes.size() < 2 && op != "LpNormalization") fail("x: expected at least 2 axes");
  if (op == "BatchNormalization") batch_norm(t, node, inputs);
  if (op == "InstanceNormalization") instance_norm(t, node, inputs);
  if (op == "LayerNormalization" || op == "RMSNormalization") layer_norm(t, node, inputs);
  if (op == "GroupNormalization") group_norm(t, node, opset, inputs);
  if (op == "LRN") local_response_norm(t, node, inputs);
  if (op == "MeanVarianceNormalization") mean_variance_norm(t, node, inputs);
  if (op == "LpNormalization") lp_norm(t, node, inputs);
  return t;
}

}  // namespace poise::test
