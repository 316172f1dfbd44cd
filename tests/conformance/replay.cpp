#include "replay.h"

#include <poise/error.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "outcome.h"
#include "translate.h"

namespace poise::test {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(Code::io, "[onnx] file: expected to read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

// input_0.pb, input_1.pb, ... as far as they exist.
std::vector<Array> tensors_of(const std::filesystem::path& folder, const std::string& kind) {
  std::vector<Array> tensors;
  for (int k = 0;; ++k) {
    const auto path = folder / "test_data_set_0" / (kind + "_" + std::to_string(k) + ".pb");
    if (!std::filesystem::exists(path)) return tensors;
    tensors.push_back(onnx::tensor_from(content_of(path)));
  }
}

bool in_table(std::string_view technique) {
  const auto all = techniques();
  return std::any_of(all.begin(), all.end(), [&](const Technique& t) { return technique == t.name; });
}

void compare(const Array& got, const Array& stored, const std::vector<Real>& bound, const std::string& name,
             Replay& replay) {
  if (got.size() != stored.size() || bound.size() != stored.size()) {
    replay.state = Replay::State::failed;
    replay.why = name + ": expected sizes " + stored.sizes.str() + ", got " + got.sizes.str();
    return;
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Real error = std::fabs(got[i] - stored[i]);
    replay.error = std::max(replay.error, error);
    if (bound[i] > 0) replay.in_bounds = std::max(replay.in_bounds, error / bound[i]);
    if (error <= bound[i]) continue;
    replay.state = Replay::State::failed;
    replay.why =
        name + "[" + std::to_string(i) + "]: expected " + std::to_string(stored[i]) + ", got " + std::to_string(got[i]);
  }
}

TestTensor* named(Outcome& outcome, const char* name) {
  const auto found = outcome.results.find(std::string_view(name));
  return found == outcome.results.end() ? nullptr : &found->second;
}

}  // namespace

Replay replay(const std::filesystem::path& folder) {
  Replay replay;
  const onnx::Model model = onnx::model_from(content_of(folder / "model.onnx"));
  const onnx::Node& node = model.nodes.front();
  const char* technique = technique_for(node);
  if (!in_table(technique)) return {Replay::State::skipped, 0, 0, std::string("no technique ") + technique};
  const auto inputs = tensors_of(folder, "input"), outputs = tensors_of(folder, "output");
  const Translation t = translate(node, model.opset, inputs);
  if (outputs.size() != 1 + t.results.size()) throw Error(Code::data, "[onnx] outputs: expected as many as the node's");
  const TestTensor x(inputs[0].type, inputs[0]);
  Outcome outcome = run(technique_named(technique), x, {outputs[0].type}, t.parameters);
  compare(outcome.y.read(), outputs[0], bound_of_y(inputs[0], t.peer), "y", replay);
  for (std::size_t k = 0; k < t.results.size(); ++k) {
    const Wanted& wanted = t.results[k];
    const TestTensor* got = named(outcome, wanted.result);
    if (got == nullptr) throw Error(Code::data, std::string("[onnx] outputs: Poise gives no ") + wanted.result);
    compare(got->read(), outputs[k + 1], wanted.bound, wanted.result, replay);
  }
  return replay;
}

}  // namespace poise::test
