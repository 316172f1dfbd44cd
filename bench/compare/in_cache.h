#pragma once

#include <string>

#include "bench/case.h"

namespace poise::bench {

// A problem cut to what stays in the second cache, where its loops take the time that their arithmetic takes, and how
// many times larger the whole is.
struct InCache {
  std::string problem;
  double times = 1;
};

// Cells are cut off before they are cut: what is done once a cell keeps its share of the whole.
InCache in_cache(const Case& c);

}  // namespace poise::bench
