#pragma once

#include <array>
#include <utility>

namespace poise {

inline constexpr const char* stats_schema = "poise.stats/1";

// The quantiles that a statistics file of 8-bit data names; any other follows from its counts.
inline constexpr std::array<std::pair<const char*, double>, 7> stats_quantiles = {
    {{"0.01", 0.01}, {"0.05", 0.05}, {"0.25", 0.25}, {"0.5", 0.5}, {"0.75", 0.75}, {"0.95", 0.95}, {"0.99", 0.99}}};

}  // namespace poise
