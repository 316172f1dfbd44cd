#pragma once

#include "core/plan.h"
#include "kernels/kernels.h"
#include "schedule/local_response.h"

namespace poise {

// The polynomials of this call's powers; none (most is negative) where the exponent is no known one, or alpha / k is
// too far from 1.
ResponseSeries forward_series(const LocalResponseJob& job) noexcept;
// The same of its gradient, where k is at least 1: below, what underflows may count.
GradientSeries gradient_series(const LocalResponseJob& job) noexcept;
// Those of the plan's loop; none where others do it. Then they do all of its layouts, however short: no bit depends on
// how many lanes.
GradientSeries gradient_series(const LocalResponseJob& job, const Plan& plan) noexcept;

// Rows shorter than this are mostly padding.
constexpr std::int64_t shortest_row = 12;
// B of ordinary values is far above k: nearly all would be left to the other loops after all.
constexpr double strong_response = 1.0 / 64;
// A row's gradients are left to them by its largest window, and then the series was in vain.
constexpr double strong_gradient = 1.0 / 1024;

}  // namespace poise
