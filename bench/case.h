#pragma once

#include <poise/poise.h>

#include <string>
#include <string_view>
#include <vector>

#include "techniques/problem.h"

namespace poise::bench {

// One problem with its memory: as many pairs of x and y as keep the caches cold when they are used in turn, and the
// operands that the problem names. Values are normal with mean 3 and deviation 1 (u8: all values).
class Case {
 public:
  Case(const std::string& problem, std::size_t cold_bytes);

  const std::string& name() const noexcept { return name_; }
  std::size_t bytes_in() const noexcept { return in_; }
  std::size_t bytes_out() const noexcept { return out_; }
  const void* x(std::size_t turn) const noexcept { return x_[turn % x_.size()].data<void>(); }
  void* y(std::size_t turn) const noexcept { return y_[turn % y_.size()].data<void>(); }
  std::size_t turns() const noexcept { return x_.size(); }
  void run(std::size_t turn, Context& context) const;

 private:
  bool needs(std::string_view operand) const;

  std::string name_;
  Problem problem_;
  std::vector<Tensor> x_, y_, operands_;
  Parameters parameters_;
  std::size_t in_ = 0, out_ = 0;
};

}  // namespace poise::bench
