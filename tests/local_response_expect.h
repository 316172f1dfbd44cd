#pragma once

// Local response norm by its own functions, against the oracle.

#include <poise/local_response_norm.h>

#include "backward_outcome.h"
#include "expect.h"

namespace poise::test {

inline Parameters parameters_of(const LocalResponseNormOptions& o) {
  Parameters p;
  p.channel_axes = {o.channel_axis};
  p.region = o.region;
  p.size = o.size;
  p.extra_tap = o.extra_tap;
  p.alpha = o.alpha;
  p.alpha_scaled = o.alpha_scaled;
  p.exponent = o.exponent;
  p.k = o.k;
  return p;
}

// Forward and backward against the oracle; x's layout is everybody's, but for a broadcast x.
inline void expect_right(const TestTensor& x, const LocalResponseNormOptions& o, Layout layout = Layout::contiguous,
                         Context& context = default_context()) {
  const DType type = x.view().dtype();
  const Dims sizes = x.view().sizes();
  const Array values = x.read();
  TestTensor y(type, sizes, layout);
  local_response_norm(y, x, o, context);
  EXPECT_RIGHT(y, oracle::local_response_norm(values, parameters_of(o)));
  const TestTensor dy(type, random_values(sizes, type, 77, 0.3, 1.5), layout);
  BackwardOutcome gradients{TestTensor(type, sizes, layout), {}};
  local_response_norm_backward({.dx = gradients.dx}, dy, x, o, context);
  EXPECT_EQ(difference(gradients, oracle::local_response_norm_backward(values, dy.read(), parameters_of(o))), "");
}

}  // namespace poise::test
