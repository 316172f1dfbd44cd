#pragma once

#include <CLI/CLI.hpp>

#include "data/statistics_file.h"

namespace poise {

// poise stats DATA [-o FILE]
void add_stats(CLI::App& app);

// What it prints of a statistics file, and what it notes on standard error.
void print_summary(const StatisticsFile& file);
void print_notes(const StatisticsFile& file);

}  // namespace poise
