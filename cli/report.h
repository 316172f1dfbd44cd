#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise report FILE... -o report.html
void add_report(CLI::App& app);

}  // namespace poise
