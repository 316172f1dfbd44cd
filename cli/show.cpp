#include "cli/show.h"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/stats.h"
#include "data/statistics_file.h"

namespace poise {
namespace {

// One `poise show ...`, as given.
struct Request {
  std::string file;
  bool json = false;
};

void show(const Request& request) {
  const StatisticsFile file = read_statistics(request.file);
  if (request.json) {
    fmt::print("{}", to_json(file));
    return;
  }
  print_summary(file);
  print_notes(file);
}

}  // namespace

void add_show(CLI::App& app) {
  CLI::App* command = app.add_subcommand("show", "Print a statistics file as poise stats does: poise show FILE");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  command->add_option("FILE", request->file, "A file that poise stats or merge wrote")->required()->type_name("FILE");
  command->add_flag("--json", request->json, "Print it as JSON, checked and in the order that poise writes");
  command->callback([request] { show(*request); });
}

}  // namespace poise
