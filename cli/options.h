#pragma once

#include <map>
#include <string>

#include <poise/technique.h>
#include <CLI/CLI.hpp>

namespace poise {

// "--eps-place" of eps_place, "--channel-axis" of channel_axes where there is one.
std::string option_name(const Parameter& parameter);

// Whether the parameter is a tensor from a file, rather than text.
bool is_operand(const Parameter& parameter);

// What a user said of one technique's parameters, by the parameter's name: text, or an operand's file.
struct Given {
  std::map<std::string, std::string> texts, files;

  // The text parameters, read; Error{usage} for a bad value.
  Parameters parameters(const Technique& technique) const;
};

// Adds an option for every parameter of the technique: text ones fill given.texts, operands given.files. given must
// live as long as the command.
void add_text_options(CLI::App& command, const Technique& technique, Given& given);
void add_file_options(CLI::App& command, const Technique& technique, Given& given);
// Operands as flags, for a plan without data.
void add_operand_flags(CLI::App& command, const Technique& technique, Given& given);

}  // namespace poise
