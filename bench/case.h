#pragma once

#include <poise/poise.h>

#include <string>
#include <string_view>
#include <vector>

#include "techniques/problem.h"

namespace poise::bench {

// One problem with its memory: as many sets of inputs and outputs as keep the caches cold when they are used in turn,
// and the operands that the problem names. "backward PROBLEM" is the gradient call: x and dy in, dx out, and dgamma and
// dbeta where gamma is asked for. Values are normal with mean 3 and deviation 1 (u8: all values).
class Case {
 public:
  Case(const std::string& problem, std::size_t cold_bytes);

  const std::string& name() const noexcept { return name_; }
  const Problem& problem() const noexcept { return problem_; }
  const Parameters& parameters() const noexcept { return parameters_; }
  bool backward() const noexcept { return backward_; }
  std::size_t turns() const noexcept { return inputs_.size(); }

  // All that is read and all that is written, each in one piece; what belongs to channels or rows is not counted.
  std::size_t bytes_in() const noexcept { return static_cast<std::size_t>(inputs_[0].elements()); }
  std::size_t bytes_out() const noexcept { return static_cast<std::size_t>(outputs_[0].elements()); }
  const void* input(std::size_t turn) const noexcept { return inputs_[turn % turns()].data<void>(); }
  void* output(std::size_t turn) const noexcept { return outputs_[turn % turns()].data<void>(); }

  TensorView x(std::size_t turn) const {
    return at(inputs_[turn % turns()].data<std::byte>(), problem_.x, problem_.strides);
  }
  TensorView dy(std::size_t turn) const {
    return at(inputs_[turn % turns()].data<std::byte>() + bytes_in() / 2, problem_.x, problem_.strides);
  }
  // y, or dx of a backward problem.
  TensorView y(std::size_t turn) const {
    return at(outputs_[turn % turns()].data<std::byte>(), problem_.y, problem_.y_strides);
  }

  void run(std::size_t turn, Context& context) const;

 private:
  TensorView at(std::byte* data, DType type, const Dims& strides) const {
    return {data, type, problem_.sizes, strides};
  }
  bool needs(std::string_view operand) const;

  std::string name_;
  bool backward_ = false;
  Problem problem_;
  std::vector<Tensor> inputs_, outputs_;  // bytes
  std::vector<Tensor> operands_;
  Parameters parameters_;
  Gradients gradients_;  // those of operands
  Results saved_;        // mean and rstd of the forward call, as training keeps them
};

// A line of a file of cases: a problem, and the ratio to the limit that it may have at most, or 0.
struct CaseLine {
  std::string problem;
  double gate = 0;
};
// Error{io} for a file that cannot be read. Lines that are empty or start with # say nothing.
std::vector<CaseLine> read_cases(const std::string& path);

}  // namespace poise::bench
