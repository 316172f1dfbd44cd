#include "bench/case.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "techniques/parameters.h"

namespace poise::bench {
namespace {

void fill(const TensorView& t, double mean, unsigned seed = 7) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(mean, 1);
  for (std::int64_t i = 0; i < t.elements(); ++i) {
    const double v = normal(random);
    switch (t.dtype()) {
      case DType::f32:
        static_cast<float*>(t.data())[i] = static_cast<float>(v);
        break;
      case DType::f64:
        static_cast<double*>(t.data())[i] = v;
        break;
      case DType::bf16:
        static_cast<bfloat16*>(t.data())[i] = to_bfloat16(static_cast<float>(v));
        break;
      case DType::f16:
        static_cast<float16*>(t.data())[i] = to_float16(static_cast<float>(v));
        break;
      case DType::u8:
        static_cast<std::uint8_t*>(t.data())[i] = static_cast<std::uint8_t>(random());
        break;
    }
  }
}

}  // namespace

Case::Case(const std::string& problem, std::size_t cold_bytes)
    : name_(problem),
      backward_(problem.starts_with("backward ")),
      problem_(problem_from(problem.substr(backward_ ? std::string_view("backward ").size() : 0))),
      parameters_(problem_.parameters) {
  if (backward_ && problem_.technique->run_backward == nullptr) {
    throw Error(Code::usage, "[bench] " + problem + ": expected a technique with gradients, got one without");
  }
  const std::int64_t in = problem_.sizes.product() * static_cast<std::int64_t>(size_of(problem_.x));
  const std::int64_t out = problem_.sizes.product() * static_cast<std::int64_t>(size_of(problem_.y));
  const Dims read = {backward_ ? 2 * in : in}, written = {out};
  const std::size_t sets = std::max<std::size_t>(1, cold_bytes / static_cast<std::size_t>(read[0] + out));
  for (std::size_t i = 0; i < sets; ++i) {
    inputs_.emplace_back(DType::u8, read);
    outputs_.emplace_back(DType::u8, written);
    if (i == 0) {
      fill(x(0), 3);
      // Not the values of x, whose gradient would be all but zero.
      if (backward_) fill(dy(0), 0, 8);
    } else {
      std::memcpy(inputs_[i].data<void>(), inputs_[0].data<void>(), bytes_in());
    }
    std::memset(outputs_[i].data<void>(), 0, bytes_out());
  }
  for (const char* name : {"gamma", "beta", "running_mean", "running_var", "style_mean", "style_std"}) {
    if (!needs(name)) continue;
    const DType type = problem_.x == DType::f64 ? DType::f64 : DType::f32;
    operands_.emplace_back(type, problem_.technique->shape_of(name, problem_.sizes, parameters_));
    fill(operands_.back(), 8);
    *operand_named(parameters_, name) = operands_.back();
  }
  if (!backward_) return;
  for (const std::string_view name : problem_.technique->results) {
    if (name != "mean" && name != "rstd") continue;
    operands_.emplace_back(DType::f64, problem_.technique->shape_of(name, problem_.sizes, parameters_));
    *result_named(saved_, name) = operands_.back();
  }
  Context context;
  problem_.technique->run(y(0), x(0), parameters_, saved_, context);
  if (!problem_.gamma) return;
  for (const char* name : {"gamma", "beta"}) {
    operands_.emplace_back(DType::f32, problem_.technique->shape_of("gamma", problem_.sizes, parameters_));
    *gradient_named(gradients_, std::string("d") + name) = operands_.back();
    if (!problem_.beta) break;
  }
}

// What the problem asks for, and what the technique cannot do without.
bool Case::needs(std::string_view operand) const {
  if (operand == "gamma") return problem_.gamma;
  if (operand == "beta") return problem_.beta;
  const auto takes = [&](std::string_view name) {
    return std::any_of(problem_.technique->parameters.begin(), problem_.technique->parameters.end(),
                       [&](const Parameter* p) { return p->name == name; });
  };
  if (operand.starts_with("style")) return takes(operand);
  return parameters_.mode != BatchNormMode::training || takes("r_max");
}

void Case::run(std::size_t turn, Context& context) const {
  if (!backward_) return problem_.technique->run(y(turn), x(turn), parameters_, {}, context);
  Gradients gradients = gradients_;
  gradients.dx = y(turn);
  problem_.technique->run_backward(gradients, dy(turn), x(turn), parameters_, saved_, context);
}

std::vector<CaseLine> read_cases(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(Code::io, "[bench] cases: expected a readable file, got " + path);
  std::vector<CaseLine> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    CaseLine one;
    std::istringstream words(line);
    words >> one.problem;
    if (std::string rest; one.problem == "backward" && words >> rest) one.problem += " " + rest;
    words >> one.gate;
    lines.push_back(one);
  }
  return lines;
}

}  // namespace poise::bench
