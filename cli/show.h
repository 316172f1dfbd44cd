#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise show FILE
void add_show(CLI::App& app);

}  // namespace poise
