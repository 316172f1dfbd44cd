#pragma once

#include "core/job.h"

namespace poise {

// Local response norm of one call: y = x * B^-exponent, B = k + alpha * (sum of squares over a window), or with dy its
// gradient. The window axes' dims are cells (each its own: their `cell` strides are 1), all others reduced. Along each
// of these axes a window has `before` taps before its center and `after` behind it.
struct LocalResponseJob {
  Job job;
  std::int64_t before = 0, after = 0;
  double alpha = 1, k = 1, exponent = 0.75;
};

void execute(const LocalResponseJob& job, Context& context);

}  // namespace poise
