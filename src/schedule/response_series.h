#pragma once

#include "kernels/kernels.h"
#include "schedule/local_response.h"

namespace poise {

// The polynomials of this call's powers; none (most is negative) where the exponent is no known one, or alpha / k is
// too far from 1.
ResponseSeries forward_series(const LocalResponseJob& job) noexcept;

}  // namespace poise
