// Forward and backward in float64 against Debian's libtorch, its own derivatives included, for every technique that it
// has a function for. Built where libtorch is found.

#include <functional>
#include <map>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/normalization.h>

#include "backward_outcome.h"

namespace poise::test {
namespace {

namespace F = torch::nn::functional;

at::Tensor tensor(const TensorView& view) {
  const auto numbers = [](const Dims& dims) { return std::vector<std::int64_t>(dims.begin(), dims.end()); };
  return at::from_blob(view.data(), numbers(view.sizes()), numbers(view.strides()), at::dtype(at::kDouble));
}

Array array(const at::Tensor& t) {
  const at::Tensor dense = t.detach().contiguous();
  Dims sizes;
  for (const std::int64_t size : dense.sizes()) sizes.push_back(size);
  return read(ConstTensorView(dense.data_ptr(), DType::f64, sizes));
}

// Two float64 computations of the same formula. Each of their sums of at most m terms errs by m 2^-53 of its absolute
// terms (Higham 2002, 4.2), which for values of deviation 2 about 0.5 are at most 8 times their root mean square, and a
// gradient is put together from four of them.
void expect_close(const Array& got, const Array& expected, std::int64_t m, const std::string& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  Real largest = 1;
  for (const Real v : expected.values) largest = std::max(largest, std::fabs(v));
  const Real bound = 4 * 8 * static_cast<Real>(m) * 0x1p-53L * largest;
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(got[i]), static_cast<double>(expected[i]), static_cast<double>(bound))
        << what << '[' << i << ']';
  }
}

// What libtorch computes from: x, and the operands by Poise's names, undefined where absent.
using Named = std::map<std::string, at::Tensor>;
using Formula = std::function<at::Tensor(const at::Tensor& x, Named& operands)>;

struct TorchCase {
  const char* name;
  const char* technique;
  Dims sizes;
  std::function<void(Parameters&)> set;
  std::initializer_list<std::string_view> operands;
  Formula formula;
};

class AgainstTorch : public ::testing::TestWithParam<TorchCase> {};

TEST_P(AgainstTorch, ForwardAndBackward) {
  const TorchCase& c = GetParam();
  const Technique& technique = technique_named(c.technique);
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::sliced}) {
    SCOPED_TRACE(name_of(layout));
    const TestTensor x(DType::f64, random_values(c.sizes, DType::f64, 1), layout);
    const TestTensor dy(DType::f64, random_values(c.sizes, DType::f64, 2), layout);
    Parameters parameters;
    c.set(parameters);
    const Operands memory(technique, c.sizes, DType::f64, parameters, c.operands);

    at::Tensor leaf = tensor(x.view()).clone().set_requires_grad(true);
    Named operands;
    for (const std::string_view name : c.operands) {
      const bool learned = name == "gamma" || name == "beta";
      operands[std::string(name)] = tensor(memory[name].view()).clone().set_requires_grad(learned);
    }
    const at::Tensor y = c.formula(leaf, operands);
    y.backward(tensor(dy.view()));

    const std::int64_t m = c.sizes.product();
    const Outcome forward = run(technique, x, {DType::f64, layout}, parameters);
    expect_close(forward.y.read(), array(y), m, "y");
    for (const char* name : {"running_mean", "running_var"}) {
      const auto result = forward.results.find(name);
      if (result != forward.results.end() && operands.count(name) > 0) {
        expect_close(result->second.read(), array(operands[name]), m, name);
      }
    }
    const BackwardOutcome backward =
        run_backward(technique, dy, x, {DType::f64, layout}, parameters, views(forward.results), default_context());
    expect_close(backward.dx.read(), array(leaf.grad()), m, "dx");
    for (const char* name : {"gamma", "beta"}) {
      if (operands.count(name) == 0) continue;
      const auto gradient = backward.gradients.find(fmt::format("d{}", name));
      ASSERT_NE(gradient, backward.gradients.end()) << name;
      expect_close(gradient->second.read(), array(operands[name].grad()), m, gradient->first);
    }
  }
}

at::Tensor local_response(const at::Tensor& x, std::int64_t size) {
  return F::local_response_norm(x, F::LocalResponseNormFuncOptions(size).alpha(0.3).beta(0.75).k(2));
}
void local_response_parameters(Parameters& p, std::int64_t size) {
  p.size = size, p.alpha = 0.3, p.exponent = 0.75, p.k = 2, p.alpha_scaled = true, p.extra_tap = ExtraTap::before;
}

const TorchCase cases[] = {
    {"BatchNormTraining",
     "batch_norm",
     {5, 7, 3, 11},
     [](Parameters& p) { p.eps = 1e-5; },
     {"gamma", "beta", "running_mean", "running_var"},
     [](const at::Tensor& x, Named& o) {
       return at::batch_norm(x, o["gamma"], o["beta"], o["running_mean"], o["running_var"], true, 0.1, 1e-5, false);
     }},
    {"BatchNormEvaluation",
     "batch_norm",
     {5, 7, 13},
     [](Parameters& p) { p.mode = BatchNormMode::evaluation; },
     {"gamma", "beta", "running_mean", "running_var"},
     [](const at::Tensor& x, Named& o) {
       return at::batch_norm(x, o["gamma"], o["beta"], o["running_mean"], o["running_var"], false, 0.1, 1e-5, false);
     }},
    {"LayerNorm",
     "layer_norm",
     {5, 3, 17},
     [](Parameters&) {},
     {"gamma", "beta"},
     [](const at::Tensor& x, Named& o) { return at::layer_norm(x, {17}, o["gamma"], o["beta"], 1e-5, false); }},
    {"LayerNormOverTwoAxes",
     "layer_norm",
     {5, 3, 17},
     [](Parameters& p) {
       p.axes = {1, 2};
     },
     {"gamma", "beta"},
     [](const at::Tensor& x, Named& o) {
       return at::layer_norm(x, {3, 17}, o["gamma"], o["beta"], 1e-5, false);
     }},
    {"InstanceNorm",
     "instance_norm",
     {3, 5, 7, 9},
     [](Parameters&) {},
     {"gamma", "beta"},
     [](const at::Tensor& x, Named& o) {
       return at::instance_norm(x, o["gamma"], o["beta"], {}, {}, true, 0.1, 1e-5, false);
     }},
    {"GroupNorm",
     "group_norm",
     {3, 10, 7, 5},
     [](Parameters& p) { p.groups = 5; },
     {"gamma", "beta"},
     [](const at::Tensor& x, Named& o) { return at::group_norm(x, 5, o["gamma"], o["beta"], 1e-5, false); }},
    {"LocalResponseNormOdd",
     "local_response_norm",
     {3, 11, 5, 7},
     [](Parameters& p) { local_response_parameters(p, 5); },
     {},
     [](const at::Tensor& x, Named&) { return local_response(x, 5); }},
    {"LocalResponseNormEven",
     "local_response_norm",
     {3, 11, 5, 7},
     [](Parameters& p) { local_response_parameters(p, 4); },
     {},
     [](const at::Tensor& x, Named&) { return local_response(x, 4); }},
    {"WeightNorm",
     "weight_norm",
     {7, 5, 3},
     [](Parameters&) {},
     {"gamma"},
     [](const at::Tensor& v, Named& o) {
       return at::_weight_norm(v, o["gamma"].view({7, 1, 1}), 0);
     }},
    {"LpNorm",
     "lp_norm",
     {7, 5, 13},
     [](Parameters& p) { p.axes = {1}, p.p = 3; },
     {},
     [](const at::Tensor& x, Named&) { return F::normalize(x, F::NormalizeFuncOptions().p(3).dim(1).eps(1e-12)); }},
    {"Clip",
     "clip",
     {7, 5, 3},
     [](Parameters& p) { p.low = -1, p.high = 2; },
     {},
     [](const at::Tensor& x, Named&) { return at::clamp(x, -1, 2); }},
};

INSTANTIATE_TEST_SUITE_P(EveryFunction, AgainstTorch, ::testing::ValuesIn(cases),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace poise::test
