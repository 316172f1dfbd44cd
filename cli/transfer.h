#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise transfer CONTENT STYLE -o OUT.png
void add_transfer(CLI::App& app);

}  // namespace poise
