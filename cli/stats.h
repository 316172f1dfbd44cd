#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise stats DATA [-o FILE]
void add_stats(CLI::App& app);

}  // namespace poise
