#pragma once

// What a node test of ONNX holds: a model of one node, and tensors. github.com/onnx/onnx, onnx.proto.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "array.h"

namespace poise::test::onnx {

struct Attribute {
  double real = 0;
  std::int64_t integer = 0;
  std::vector<std::int64_t> integers;
};

struct Node {
  std::string op;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, Attribute, std::less<>> attributes;

  double real(std::string_view name, double absent) const;
  std::int64_t integer(std::string_view name, std::int64_t absent) const;
  Dims integers(std::string_view name, const Dims& absent) const;
};

struct Model {
  std::int64_t opset = 0;  // of the default domain
  std::vector<Node> nodes;
};

// Error{data} on a file that is none, names what is wrong with it.
Model model_from(std::string_view file);
// Floating tensors and int64 ones of f64's 53 bits; Array::type is how the file stores them, f64 for int64.
Array tensor_from(std::string_view file);

}  // namespace poise::test::onnx
