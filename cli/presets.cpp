#include "cli/presets.h"

#include <fmt/format.h>
#include <poise/preset.h>

namespace poise {
namespace {

std::string numbers(const Preset& preset, const double (&values)[3]) {
  return fmt::format("{}", fmt::join(values, values + preset.channels, " "));
}

void print_presets() {
  for (const Preset& preset : presets()) {
    fmt::print("{:<17} mean {}, std {}\n{:<17} {}; {}\n", preset.name, numbers(preset, preset.mean),
               numbers(preset, preset.std), "", preset.estimator, preset.source);
  }
}

}  // namespace

void add_presets(CLI::App& app) {
  app.add_subcommand("presets", "Published mean and std: the numbers, what they really are and where they come from")
      ->callback(print_presets);
}

}  // namespace poise
