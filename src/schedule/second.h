#pragma once

#include "core/job.h"
#include "core/plan.h"

namespace poise {

// Of a cell's r(var): the value and its first two derivatives.
struct Curve {
  double mean = 0, r = 0, first = 0, second = 0;
};

class SecondDerivative {
 public:
  virtual Curve operator()(std::int64_t cell) const noexcept = 0;

 protected:
  ~SecondDerivative() = default;
};

// One second backward pass. The partition's strides: x, dy, y (of ddy), mask (of ddx), beta (of dx), param, cell.
struct SecondJob {
  Partition partition;
  ConstTensorView x, dy, ddx;
  TensorView ddy, dx;
  // By the row-major index of gamma: its values, and what is known and wanted; the last null when not wanted.
  const double *gamma = nullptr, *ddgamma = nullptr, *ddbeta = nullptr;
  double* dgamma = nullptr;
  std::int64_t params = 0;
  double less = 0;        // the variance's divisor is m - less
  bool constant = false;  // statistics are constants: evaluation and frozen
  const SecondDerivative* derivative = nullptr;
};

// Cell by cell, element by element in float64.
void run_second(const SecondJob& job, Context& context);

}  // namespace poise
