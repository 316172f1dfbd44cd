#include "cli/cli.h"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include "io/interrupt.h"

namespace poise {
namespace {

Globals the_globals;

constexpr const char* footer =
    "Before or after the verb: -q, --quiet; -v, --verbose; -j, --threads N.\n"
    "Exit codes: 0 done; 1 a comparison found a difference; 2 usage, shape or parameter;\n"
    "3 the content of a file is bad; 4 refused (an output exists and --force is not given);\n"
    "5 cannot open, read, write, or no memory; 130 interrupted, nothing written.";

const CLI::App& deepest(const CLI::App& app) {
  const CLI::App* verb = &app;
  while (!verb->get_subcommands().empty()) verb = verb->get_subcommands().back();
  return *verb;
}

// "poise run group_norm", as the user would type it.
std::string path_of(const CLI::App& app) {
  return app.get_parent() ? path_of(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

bool everything(const CLI::App*) { return true; }

// Option groups are apps without a name.
bool is_group(const CLI::App& app) { return app.get_name().empty(); }

std::string verbs_of(const CLI::App& app) {
  std::string names;
  for (const CLI::App* sub : app.get_subcommands(everything)) {
    if (is_group(*sub)) continue;
    names += (names.empty() ? "" : ", ") + sub->get_name();
  }
  return names;
}

std::string options_of(const CLI::App& app) {
  std::string names;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional() || option == app.get_help_ptr()) continue;
    names += (names.empty() ? "" : ", ") + option->get_name(false, false);
  }
  for (const CLI::App* sub : app.get_subcommands(everything)) {
    if (is_group(*sub)) names += ", " + options_of(*sub);
  }
  return names;
}

// What CLI11 did not expect or missed, said with what would have been right there.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& verb = deepest(app);
  const auto extras = app.remaining(true);
  const std::string verbs = verbs_of(verb), &name = verb.get_name();
  const bool missing = error.get_name() == "RequiredError";
  if (!verbs.empty() && (missing || !extras.empty())) {
    return fmt::format("[{}] argument: expected one of {}, got {}", name, verbs, extras.empty() ? "none" : extras[0]);
  }
  if (extras.empty()) return fmt::format("[{}] {}", name, error.what());
  if (extras[0].starts_with('-')) {
    return fmt::format("[{}] option: expected one of {}, got {}", name, options_of(verb), extras[0]);
  }
  return fmt::format("[{}] argument: expected no more, got {}", name, extras[0]);
}

int fail(Exit code, const std::string& message) {
  fmt::print(stderr, "poise: {}\n", printable(message));
  return code;
}

int parse(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return done;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return fail(usage, fmt::format("{} (see {} --help)", explain(app, error), path_of(deepest(app))));
  } catch (const Error& error) {
    return fail(exit_of(error.code()), error.what());
  } catch (const Differs&) {
    return differs;
  } catch (const Interrupted& stop) {
    return fail(static_cast<Exit>(interrupted - SIGINT + stop.signal), "interrupted, nothing written");
  } catch (const std::bad_alloc&) {
    return fail(failed, "not enough memory");
  } catch (const std::exception& error) {
    return fail(failed, error.what());
  }
}

}  // namespace

std::string printable(std::string text) {
  unsigned char before = 0;
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool of_unicode = before == 0xC2 && byte >= 0x80 && byte < 0xA0;
    if (byte < 0x20 || byte == 0x7F || of_unicode) c = byte == '\n' ? ' ' : '?';
    before = byte;
  }
  return text;
}

const Globals& globals() noexcept { return the_globals; }

Exit exit_of(Code code) noexcept {
  switch (code) {
    case Code::usage:
    case Code::shape:
      return usage;
    case Code::data:
      return bad_data;
    case Code::refused:
      return refused;
    case Code::io:
    case Code::memory:
      return failed;
  }
  return failed;
}

void add_globals(CLI::App& app) {
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(footer);
  app.add_flag("-q,--quiet", the_globals.quiet, "Only errors on stderr");
  app.add_flag("-v,--verbose", the_globals.verbose, "Plans and counts on stderr");
  CLI::Range threads(0, 4096);
  threads.description("");
  app.add_option("-j,--threads", the_globals.threads, "Threads; 0: POISE_THREADS, or all processors")
      ->check(threads)
      ->type_name("N");
}

int dispatch(CLI::App& app, int argc, const char* const* argv) {
  install_signal_handlers();
  const int code = parse(app, argc, argv);
  const bool printed = std::fflush(stdout) == 0 && std::cout.flush();
  if (!printed && code == done) return fail(failed, "cannot write to standard output");
  return code;
}

}  // namespace poise
