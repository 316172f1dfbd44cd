#pragma once

#include <CLI/App.hpp>

namespace poise {

// poise apply --stats FILE|--preset NAME DATA -o OUT.npy
void add_apply(CLI::App& app);

}  // namespace poise
