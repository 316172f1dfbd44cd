#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise presets
void add_presets(CLI::App& app);

}  // namespace poise
