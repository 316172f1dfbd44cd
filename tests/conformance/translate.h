#pragma once

// What an ONNX operator is called here.

#include <string>
#include <vector>

#include <poise/technique.h>

#include "onnx.h"
#include "peer.h"
#include "test_tensor.h"

namespace poise::test {

struct Wanted {
  const char* result;       // a name in Results
  std::vector<Real> bound;  // of the stored values
};

struct Translation {
  const char* technique = "";
  Parameters parameters;
  std::vector<TestTensor> memory;  // of the operands
  Peer peer;
  std::vector<Wanted> results;  // the outputs after y, in ONNX's order
};

// The technique that is this operator; Error{data} for one that is none.
const char* technique_for(const onnx::Node& node);
// Error{data} where the node and its inputs do not fit.
Translation translate(const onnx::Node& node, std::int64_t opset, const std::vector<Array>& inputs);

}  // namespace poise::test
