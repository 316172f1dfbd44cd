#include "onnx.h"

#include <cstring>

#include <poise/error.h>

#include "protobuf.h"
#include "test_tensor.h"

namespace poise::test::onnx {
namespace {

// Field numbers of onnx.proto, and of TensorProto.DataType.
namespace id {
constexpr std::uint32_t model_graph = 7, model_opset = 8;
constexpr std::uint32_t opset_domain = 1, opset_version = 2;
constexpr std::uint32_t graph_node = 1;
constexpr std::uint32_t node_input = 1, node_output = 2, node_op = 4, node_attribute = 5;
constexpr std::uint32_t attribute_name = 1, attribute_f = 2, attribute_i = 3, attribute_ints = 8;
constexpr std::uint32_t tensor_dims = 1, tensor_type = 2, tensor_floats = 4, tensor_integers = 7, tensor_raw = 9;
}  // namespace id
constexpr std::int64_t type_float = 1, type_int64 = 7, type_float16 = 10, type_double = 11, type_bfloat16 = 16;

// More than any test holds: a header that lies must not make us allocate.
constexpr std::int64_t most_elements = std::int64_t{1} << 24;

[[noreturn]] void fail(const std::string& message) { throw Error(Code::data, "[onnx] " + message); }

void read_attribute(std::string_view message, Node& node) {
  std::string name;
  Attribute attribute;
  for (const Field& f : fields_of(message)) {
    if (f.id == id::attribute_name) name = f.text();
    if (f.id == id::attribute_f) attribute.real = f.real();
    if (f.id == id::attribute_i) attribute.integer = f.integer();
    if (f.id == id::attribute_ints) append_integers(f, attribute.integers);
  }
  node.attributes.insert_or_assign(name, attribute);
}

Node node_from(std::string_view message) {
  Node node;
  for (const Field& f : fields_of(message)) {
    if (f.id == id::node_input) node.inputs.emplace_back(f.text());
    if (f.id == id::node_output) node.outputs.emplace_back(f.text());
    if (f.id == id::node_op) node.op = f.text();
    if (f.id == id::node_attribute) read_attribute(f.text(), node);
  }
  if (node.op.empty()) fail("node: expected an op_type, got none");
  return node;
}

void read_opset(std::string_view message, Model& model) {
  std::string_view domain;
  std::int64_t version = 0;
  for (const Field& f : fields_of(message)) {
    if (f.id == id::opset_domain) domain = f.text();
    if (f.id == id::opset_version) version = f.integer();
  }
  if (domain.empty()) model.opset = version;
}

Dims sizes_from(const std::vector<std::int64_t>& sizes) {
  std::int64_t elements = 1;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > most_elements || elements > most_elements) {
      fail("dims: expected at most 2^24 elements, got " + std::to_string(size) + " on one axis");
    }
    elements *= size;
  }
  if (sizes.size() > static_cast<std::size_t>(max_rank) || elements > most_elements) {
    fail("dims: expected at most " + std::to_string(max_rank) + " axes and 2^24 elements");
  }
  return Dims(std::span<const std::int64_t>(sizes));
}

DType type_from(std::int64_t type) {
  switch (type) {
    case type_float:
      return DType::f32;
    case type_double:
    case type_int64:
      return DType::f64;
    case type_float16:
      return DType::f16;
    case type_bfloat16:
      return DType::bf16;
    default:
      fail("data_type: expected 1, 7, 10, 11 or 16, got " + std::to_string(type));
  }
}

// raw_data is little-endian, as is every machine that Poise has loops for.
void read_raw(std::string_view raw, std::int64_t type, Array& tensor) {
  const std::size_t width = size_of(tensor.type);
  if (raw.size() != tensor.size() * width) {
    fail("raw_data: expected " + std::to_string(tensor.size() * width) + " bytes, got " + std::to_string(raw.size()));
  }
  for (std::size_t i = 0; i < tensor.size(); ++i) {
    std::int64_t integer = 0;
    if (type == type_int64) std::memcpy(&integer, raw.data() + i * width, width);
    tensor[i] = type == type_int64 ? static_cast<Real>(integer) : load(raw.data() + i * width, tensor.type);
  }
}

template <class T>
void read_listed(const std::vector<T>& values, Array& tensor) {
  if (values.size() != tensor.size()) {
    fail("data: expected " + std::to_string(tensor.size()) + " values, got " + std::to_string(values.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) tensor[i] = static_cast<Real>(values[i]);
}

}  // namespace

double Node::real(std::string_view name, double absent) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? absent : found->second.real;
}

std::int64_t Node::integer(std::string_view name, std::int64_t absent) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? absent : found->second.integer;
}

Dims Node::integers(std::string_view name, const Dims& absent) const {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return absent;
  if (found->second.integers.size() > static_cast<std::size_t>(max_rank))
    fail("attribute: expected at most 8 integers");
  return Dims(std::span<const std::int64_t>(found->second.integers));
}

Model model_from(std::string_view file) {
  Model model;
  for (const Field& f : fields_of(file)) {
    if (f.id == id::model_opset) read_opset(f.text(), model);
    if (f.id != id::model_graph) continue;
    for (const Field& node : fields_of(f.text())) {
      if (node.id == id::graph_node) model.nodes.push_back(node_from(node.text()));
    }
  }
  if (model.nodes.empty()) fail("model: expected a graph with nodes, got none");
  return model;
}

Array tensor_from(std::string_view file) {
  std::vector<std::int64_t> sizes, integers;
  std::vector<float> reals;
  std::int64_t type = 0;
  std::string_view raw;
  bool has_raw = false;
  for (const Field& f : fields_of(file)) {
    if (f.id == id::tensor_dims) append_integers(f, sizes);
    if (f.id == id::tensor_type) type = f.integer();
    if (f.id == id::tensor_floats) append_reals(f, reals);
    if (f.id == id::tensor_integers) append_integers(f, integers);
    if (f.id != id::tensor_raw) continue;
    raw = f.text();
    has_raw = true;
  }
  Array tensor(sizes_from(sizes), 0, type_from(type));
  if (has_raw) {
    read_raw(raw, type, tensor);
  } else if (type == type_int64) {
    read_listed(integers, tensor);
  } else if (type == type_float) {
    read_listed(reals, tensor);
  } else {
    fail("data: expected raw_data for type " + std::to_string(type));
  }
  return tensor;
}

}  // namespace poise::test::onnx
