#include "cli/report.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/statistics_file.h"
#include "io/atomic_file.h"
#include "report/report.h"

namespace poise {
namespace {

// One `poise report ...`, as given.
struct Request {
  std::vector<std::string> files;
  std::string output;
  bool force = false, no_thumbnails = false;
};

void write_report(const Request& request) {
  if (request.files.size() > max_report_files) {
    throw Error(Code::usage,
                fmt::format("[report] FILE: expected 1 to {} files, got {}", max_report_files, request.files.size()));
  }
  AtomicFile output(request.output, request.force);
  std::vector<StatisticsFile> files;
  for (const std::string& path : request.files) files.push_back(read_statistics(path));
  std::vector<Thumbnails> thumbnails;
  for (const StatisticsFile& file : files) {
    if (!request.no_thumbnails) thumbnails.push_back(find_thumbnails(file));
  }
  const std::string page = report(files, thumbnails);
  output.write(std::as_bytes(std::span(page)));
  output.commit();
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "report", "Statistics files as one page of HTML, compared with the first: poise report FILE... -o report.html");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  command->add_option("FILE", request->files, "Statistics files, of the training data first")
      ->required()
      ->type_name("FILE");
  command->add_option("-o,--output", request->output, "The page")->required()->type_name("report.html");
  command->add_flag("--no-thumbnails", request->no_thumbnails,
                    "Do not look for pictures of samples where the data was");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { write_report(*request); });
}

}  // namespace poise
