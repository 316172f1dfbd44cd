#pragma once

// Adaptive instance norm by label.

#include <poise/adaptive_instance_norm.h>

#include "techniques/adaptive_instance_norm.h"

namespace poise {

inline Deviation deviation_of(const AdaptiveInstanceNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

// Whether there are labels: of x, and of the style where it is features.
bool has_labels(const Call& call, const AdaptiveInstanceNormOptions& o);

// The calls, validated but for labels, style, results and gradients. The cells are kept.
void adapt_segments(Call& call, const AdaptiveInstanceNormOptions& o, const Dims& axes,
                    const AdaptiveInstanceNormResults& r);
void adapt_segments_backward(Call& call, const Gradients& g, const AdaptiveInstanceNormOptions& o, const Dims& axes,
                             const Saved& saved);

}  // namespace poise
