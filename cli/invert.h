#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise invert --stats FILE|--preset NAME DATA -o OUT.npy
void add_invert(CLI::App& app);

}  // namespace poise
