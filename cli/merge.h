#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise merge FILE... -o FILE
void add_merge(CLI::App& app);

}  // namespace poise
