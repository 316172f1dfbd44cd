#include "bench/case.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "techniques/parameters.h"

namespace poise::bench {
namespace {

void fill(const Tensor& t, double mean) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(mean, 1);
  for (std::int64_t i = 0; i < t.elements(); ++i) {
    const double v = normal(random);
    switch (t.dtype()) {
      case DType::f32:
        t.data<float>()[i] = static_cast<float>(v);
        break;
      case DType::f64:
        t.data<double>()[i] = v;
        break;
      case DType::bf16:
        t.data<bfloat16>()[i] = to_bfloat16(static_cast<float>(v));
        break;
      case DType::f16:
        t.data<float16>()[i] = to_float16(static_cast<float>(v));
        break;
      case DType::u8:
        t.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(random());
        break;
    }
  }
}

}  // namespace

Case::Case(const std::string& problem, std::size_t cold_bytes) : name_(problem), problem_(problem_from(problem)) {
  parameters_ = problem_.parameters;
  const Dims strides = problem_.strides;
  const auto elements = static_cast<std::size_t>(problem_.sizes.product());
  in_ = elements * size_of(problem_.x);
  out_ = elements * size_of(problem_.y);
  const std::size_t pairs = std::max<std::size_t>(1, cold_bytes / std::max<std::size_t>(in_ + out_, 1));
  for (std::size_t i = 0; i < pairs; ++i) {
    x_.emplace_back(problem_.x, problem_.sizes, strides);
    y_.emplace_back(problem_.y, problem_.sizes, strides);
    if (i == 0) fill(x_[0], 3);
    std::memcpy(x_[i].data<void>(), x_[0].data<void>(), in_);
    std::memset(y_[i].data<void>(), 0, out_);
  }
  for (const char* name : {"gamma", "beta", "running_mean", "running_var", "style_mean", "style_std"}) {
    if (!needs(name)) continue;
    operands_.emplace_back(DType::f32, problem_.technique->shape_of(name, problem_.sizes, parameters_));
    for (std::int64_t k = 0; k < operands_.back().elements(); ++k) operands_.back().data<float>()[k] = 1.5F;
    *operand_named(parameters_, name) = operands_.back();
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
  problem_.technique->run(y_[turn % y_.size()], x_[turn % x_.size()], parameters_, {}, context);
}

}  // namespace poise::bench
