#pragma once

#include <string>

#include <poise/error.h>
#include <CLI/CLI.hpp>

// What all verbs of the command share.

namespace poise {

// Said before or after the verb.
struct Globals {
  bool quiet = false;    // -q: no notes on stderr, errors only
  bool verbose = false;  // -v: plans and counts on stderr
  int threads = 0;       // -j: as Context::threads
};
const Globals& globals() noexcept;

// One line without control characters: names of files are anybody's, and a terminal obeys some.
std::string printable(std::string text);

// What the shell sees. Interrupted is 128 + SIGINT.
enum Exit : int { done = 0, differs = 1, usage = 2, bad_data = 3, refused = 4, failed = 5, interrupted = 130 };

Exit exit_of(Code code) noexcept;

// Thrown by a verb whose comparison found a difference and has said so.
struct Differs {};

void add_globals(CLI::App& app);
void add_run(CLI::App& app);
void add_list(CLI::App& app);
void add_explain(CLI::App& app);
void add_version(CLI::App& app);

// Parses, runs the verb's callback and turns whatever happens into an exit code and at most one line on stderr.
int dispatch(CLI::App& app, int argc, const char* const* argv);

}  // namespace poise
