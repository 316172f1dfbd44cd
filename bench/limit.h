#pragma once

#include <cstddef>

#include "bench/case.h"

namespace poise::bench {

// The probe over a case's memory, each thread copying its part.
void limit(int way, const Case& c, std::size_t turn, int threads);
// The way that is fastest for it.
int fastest_way(const Case& c, int threads);

}  // namespace poise::bench
