#pragma once

#include "schedule/second.h"
#include "techniques/backward.h"

namespace poise {

// A second backward call: the first one's operands are checked as its own, then those of the second.
struct Second {
  const SecondGradients& gradients;
  const SecondOperands& operands;
};

// r and its derivatives from the r that was saved.
struct Slopes {
  double first = 0, second = 0;
};
Slopes slopes_of(double r, double eps, EpsPlace place) noexcept;

// Checks what the second pass reads and writes, and lays its strides into the call's partition. Before the axes are
// split, and before the cells are kept.
SecondJob prepare_second(Call& call, const Second& second, const Dims& gamma_axes);

// Runs it with the mean and rstd that the first one used, or where they are constants with those of `constants`.
void run_second_backward(Call& call, SecondJob job, const Second& second, const Saved& saved,
                         const Deviation& deviation, const Merge* constants);

}  // namespace poise
