#include <string>

#include <fmt/format.h>
#include <poise/context.h>
#include <poise/version.h>

#include "cli/cli.h"

namespace poise {
namespace {

std::string version_text() {
  std::string available;
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (target_available(target)) available.append(available.empty() ? "" : ", ").append(name_of(target));
  }
  return fmt::format("poise {}\ncompiler: {}\ninstruction set: {} (available: {})", version(), compiler(),
                     name_of(active_target()), available);
}

}  // namespace

void add_version(CLI::App& app) {
  app.set_version_flag("--version", version_text, "Version, compiler and instruction sets");
}

}  // namespace poise
