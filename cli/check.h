#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise check A B
void add_check(CLI::App& app);

}  // namespace poise
