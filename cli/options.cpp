#include "cli/options.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "techniques/parameters.h"
#include "techniques/problem.h"

namespace poise {
namespace {

// "NUMBER" for number, but "inside|outside|floor" as it is, since those are the words to type.
std::string type_name(const Parameter& parameter) {
  std::string name = parameter.values;
  if (name.find('|') != std::string::npos) return name;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

void add_option(CLI::App& command, const Parameter& parameter, std::map<std::string, std::string>& values) {
  std::string names = option_name(parameter);
  // Most layers that may have several have one.
  if (names == "--channel-axes") names += ",--channel-axis";
  command
      .add_option_function<std::string>(
          names, [&values, name = std::string(parameter.name)](const std::string& text) { values[name] = text; },
          parameter.meaning)
      ->type_name(type_name(parameter));
}

}  // namespace

std::string option_name(const Parameter& parameter) {
  std::string name = std::string("--") + parameter.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name == "--channel-axes" && parameter.values == std::string_view("axis") ? "--channel-axis" : name;
}

bool is_operand(const Parameter& parameter) {
  Parameters any;
  return operand_named(any, parameter.name) != nullptr;
}

Parameters Given::parameters(const Technique& technique) const {
  Parameters parameters;
  for (const auto& [name, text] : texts) set_parameter(technique, parameters, name, text);
  return parameters;
}

void add_text_options(CLI::App& command, const Technique& technique, Given& given) {
  for (const Parameter* p : technique.parameters) {
    if (!is_operand(*p)) add_option(command, *p, given.texts);
  }
}

void add_file_options(CLI::App& command, const Technique& technique, Given& given) {
  for (const Parameter* p : technique.parameters) {
    if (is_operand(*p)) add_option(command, *p, given.files);
  }
}

void add_operand_flags(CLI::App& command, const Technique& technique, Given& given) {
  for (const Parameter* p : technique.parameters) {
    if (!is_operand(*p)) continue;
    command.add_flag_callback(
        option_name(*p), [&given, name = std::string(p->name)] { given.files[name]; }, p->meaning);
  }
}

}  // namespace poise
