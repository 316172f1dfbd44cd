// libtorch: its own kernels for the layout, and its own derivative.

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "candidate.h"

namespace poise::accuracy {
namespace {

at::ScalarType scalar_type(DType type) {
  switch (type) {
    case DType::f64:
      return at::kDouble;
    case DType::bf16:
      return at::kBFloat16;
    case DType::f16:
      return at::kHalf;
    default:
      return at::kFloat;
  }
}

std::vector<std::int64_t> numbers(const Dims& dims) { return {dims.begin(), dims.end()}; }

at::Tensor tensor(const TensorView& view) {
  return at::from_blob(view.data(), numbers(view.sizes()), numbers(view.strides()),
                       at::dtype(scalar_type(view.dtype())));
}

test::Array array(const at::Tensor& t) {
  const at::Tensor dense = t.detach().contiguous();
  Dims sizes;
  for (const std::int64_t size : dense.sizes()) sizes.push_back(size);
  const DType types[] = {DType::f32, DType::f64, DType::bf16, DType::f16};
  for (const DType type : types) {
    if (scalar_type(type) == dense.scalar_type()) return test::read(ConstTensorView(dense.data_ptr(), type, sizes));
  }
  return {};
}

// Undefined for what libtorch 1.13 has no function for.
at::Tensor normalized(const Problem& problem, const at::Tensor& x) {
  const std::string_view name = problem.technique->name;
  const double eps = problem.parameters.eps;
  if (name == "batch_norm") return at::batch_norm(x, {}, {}, {}, {}, true, 0.1, eps, false);
  if (name == "instance_norm") return at::instance_norm(x, {}, {}, {}, {}, true, 0.1, eps, false);
  if (name == "group_norm") return at::group_norm(x, problem.parameters.groups, {}, {}, eps, false);
  if (name == "layer_norm") return at::layer_norm(x, x.sizes().slice(1), {}, {}, eps, false);
  return {};
}

class Torch final : public Candidate {
 public:
  std::string name() const override { return fmt::format("libtorch {}.{}", TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR); }

  Answer answer(const Problem& problem) override {
    Answer result;
    try {
      at::Tensor x = tensor(problem.x).set_requires_grad(true);
      const at::Tensor y = normalized(problem, x);
      if (!y.defined()) return result;
      result.y = array(y);
      y.backward(tensor(problem.dy));
      result.dx = array(x.grad());
    } catch (const c10::Error&) {  // a type that it has no kernel for
    }
    return result;
  }
};

}  // namespace

std::unique_ptr<Candidate> torch_candidate() { return std::make_unique<Torch>(); }

}  // namespace poise::accuracy
