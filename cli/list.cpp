#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <poise/technique.h>
#include <poise/version.h>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "cli/options.h"

namespace poise {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Technique& technique) {
  Json parameters = Json::array();
  for (const Parameter* p : technique.parameters) {
    parameters.push_back(
        {{"name", p->name}, {"option", option_name(*p)}, {"values", p->values}, {"meaning", p->meaning}});
  }
  return {{"name", technique.name},
          {"title", technique.title},
          {"formula", technique.formula},
          {"paper", technique.paper},
          {"cell", technique.cell},
          {"use", technique.use},
          {"beware", technique.beware},
          {"parameters", parameters},
          {"results", Json(std::vector<std::string>(technique.results.begin(), technique.results.end()))}};
}

void print_json() {
  Json table = {{"schema", "poise.list/1"}, {"version", version()}, {"techniques", Json::array()}};
  for (const Technique& technique : techniques()) table["techniques"].push_back(json_of(technique));
  fmt::print("{}\n", table.dump(2));
}

// A bar would end the cell of a Markdown table, in code spans too.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '|' ? "\\|" : std::string(1, c));
  return out;
}

void print_markdown() {
  fmt::print("| technique | cell | formula | use | beware | paper |\n| --- | --- | --- | --- | --- | --- |\n");
  for (const Technique& t : techniques()) {
    fmt::print("| `{}` | {} | `{}` | {} | {} | {} |\n", t.name, escaped(t.cell), escaped(t.formula), escaped(t.use),
               escaped(t.beware), escaped(t.paper));
  }
}

void print_table() {
  std::size_t name = 0, title = 0;
  for (const Technique& t : techniques()) {
    name = std::max(name, std::strlen(t.name));
    title = std::max(title, std::strlen(t.title));
  }
  for (const Technique& t : techniques()) fmt::print("{:<{}}  {:<{}}  {}\n", t.name, name, t.title, title, t.cell);
}

}  // namespace

void add_list(CLI::App& app) {
  CLI::App* list = app.add_subcommand("list", "The technique table");
  CLI::Option* json = list->add_flag("--json")->description("As one JSON object, poise.list/1");
  CLI::Option* markdown = list->add_flag("--markdown")->description("As a Markdown table")->excludes(json);
  list->callback([json, markdown] {
    if (json->count()) return print_json();
    if (markdown->count()) return print_markdown();
    print_table();
  });
}

}  // namespace poise
