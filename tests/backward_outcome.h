#pragma once

// The backward pass of a technique run through the technique table, and compared with its oracle.

#include "oracle_backward.h"
#include "outcome.h"

namespace poise::test {

// Which gradients are asked for.
struct Asked {
  bool dx = true, dgamma = true, dbeta = true, style = true;
};

struct BackwardOutcome {
  TestTensor dx;  // absent where it was not asked for
  std::map<std::string, TestTensor, std::less<>> gradients;

  // The elements' bytes of every gradient.
  std::map<std::string, std::vector<std::byte>, std::less<>> bits() const;
};

// The memory of those gradients of operands that are asked for and that the technique gives.
std::map<std::string, TestTensor, std::less<>> gradient_memory(const Technique& technique, const Dims& x, DType type,
                                                               const Parameters& parameters, Asked asked = {});
Gradients views(const BackwardOutcome& outcome);

// dx has x's type; gradients of operands are float32, or float64 for float64 x.
BackwardOutcome run_backward(const Technique& technique, ConstTensorView dy, ConstTensorView x, Placed dx,
                             const Parameters& parameters, const Results& saved, Context& context, Asked asked = {});

// As in outcome.h.
std::string difference(const BackwardOutcome& outcome, const ExpectedGradients& expected);
std::string different_bits(const std::map<std::string, std::vector<std::byte>, std::less<>>& a,
                           const BackwardOutcome& b);

}  // namespace poise::test
