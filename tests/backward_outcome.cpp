#include "backward_outcome.h"

#include <algorithm>
#include <cmath>

#include "tolerance.h"

namespace poise::test {
namespace {

bool gives_gradient(const Technique& technique, std::string_view name) {
  return std::any_of(technique.gradients.begin(), technique.gradients.end(),
                     [&](const char* given) { return name == given; });
}

}  // namespace

std::map<std::string, std::vector<std::byte>, std::less<>> BackwardOutcome::bits() const {
  std::map<std::string, std::vector<std::byte>, std::less<>> all;
  if (dx.view().present()) all["dx"] = dx.bits();
  for (const auto& [name, gradient] : gradients) all[name] = gradient.bits();
  return all;
}

std::map<std::string, TestTensor, std::less<>> gradient_memory(const Technique& technique, const Dims& x, DType type,
                                                               const Parameters& parameters, Asked asked) {
  std::map<std::string, TestTensor, std::less<>> memory;
  const auto make = [&](const char* name, const char* operand, bool wanted) {
    if (wanted && gives_gradient(technique, name))
      memory.emplace(name, TestTensor(type, technique.shape_of(operand, x, parameters)));
  };
  make("dgamma", "gamma", asked.dgamma);
  make("dbeta", "beta", asked.dbeta);
  make("dstyle_mean", "style_mean", asked.style);
  make("dstyle_std", "style_std", asked.style);
  // As the style itself, whose positions need not be x's.
  if (asked.style && gives_gradient(technique, "dstyle") && parameters.style.present()) {
    memory.emplace("dstyle", TestTensor(parameters.style.dtype(), parameters.style.sizes()));
  }
  return memory;
}

Gradients views(const BackwardOutcome& outcome) {
  Gradients g;
  if (outcome.dx.view().present()) g.dx = outcome.dx;
  const auto take = [&](const char* name, TensorView& view) {
    if (const auto found = outcome.gradients.find(name); found != outcome.gradients.end()) view = found->second;
  };
  take("dgamma", g.dgamma), take("dbeta", g.dbeta);
  take("dstyle", g.dstyle), take("dstyle_mean", g.dstyle_mean), take("dstyle_std", g.dstyle_std);
  return g;
}

BackwardOutcome run_backward(const Technique& technique, ConstTensorView dy, ConstTensorView x, Placed dx,
                             const Parameters& parameters, const Results& saved, Context& context, Asked asked) {
  const DType operand = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
  BackwardOutcome outcome{{}, gradient_memory(technique, x.sizes(), operand, parameters, asked)};
  if (asked.dx)
    outcome.dx = TestTensor(dx.type, x.sizes(), dx.layout, TestTensor::Role::output, dx.elements_off_alignment);
  technique.run_backward(views(outcome), dy, x, parameters, saved, context);
  return outcome;
}

std::string difference(const BackwardOutcome& outcome, const ExpectedGradients& expected) {
  std::string text;
  for (const auto& [name, gradient] : outcome.gradients) {
    const auto found = expected.gradients.find(name);
    if (text.empty() && found == expected.gradients.end()) text = name + ": the oracle has no such gradient";
    if (text.empty()) text = difference(gradient, found->second, name);
  }
  if (!text.empty() || !outcome.dx.view().present()) return text;
  const DType type = outcome.dx.view().dtype();
  const Array got = outcome.dx.read();
  if (!(got.sizes == expected.dx.sizes)) return "dx: expected sizes " + expected.dx.sizes.str();
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Real bound = dx_bound(expected.x, expected.terms[i], expected.growth[i]);
    if (!y_right(got[i], expected.dx[i], bound, type)) return sentence("dx", i, got[i], expected.dx[i], bound);
  }
  return outcome.dx.sentinels_intact() ? "" : "dx: written outside its elements";
}

std::string different_bits(const std::map<std::string, std::vector<std::byte>, std::less<>>& a,
                           const BackwardOutcome& b) {
  const auto of_b = b.bits();
  for (const auto& [name, bits] : a) {
    const auto found = of_b.find(name);
    if (found != of_b.end() && bits != found->second) return name + ": other bits";
  }
  return "";
}

}  // namespace poise::test
