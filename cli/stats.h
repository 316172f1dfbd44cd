#pragma once

#include <CLI/App.hpp>

namespace poise {

// poise stats DATA [-o FILE]
void add_stats(CLI::App& app);

}  // namespace poise
