#pragma once

#include <CLI/CLI.hpp>

namespace poise {

// poise apply --stats FILE|--preset NAME DATA -o OUT.npy
void add_apply(CLI::App& app);

}  // namespace poise
