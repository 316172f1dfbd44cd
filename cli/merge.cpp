#include "cli/merge.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <poise/error.h>

#include "cli/stats.h"
#include "data/statistics_file.h"
#include "io/atomic_file.h"

namespace poise {
namespace {

// One `poise merge ...`, as given.
struct Request {
  std::vector<std::string> files;
  std::string output;
  bool force = false, json = false;
};

// In the order of their contents, so that floating data, too, has the same bits whatever order the files are named in.
std::vector<StatisticsFile> read_in_order(const std::vector<std::string>& paths) {
  std::vector<StatisticsFile> files;
  files.reserve(paths.size());
  for (const std::string& path : paths) files.push_back(read_statistics(path));
  const auto before = [](const StatisticsFile& a, const StatisticsFile& b) {
    const Provenance &p = a.provenance, &q = b.provenance;
    return p.fingerprint != q.fingerprint ? p.fingerprint < q.fingerprint : p.name < q.name;
  };
  std::stable_sort(files.begin(), files.end(), before);
  return files;
}

void merge(const Request& request) {
  AtomicFile output(request.output, request.force);
  std::vector<StatisticsFile> files = read_in_order(request.files);
  StatisticsFile& whole = files[0];
  whole.run.reset();
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (files[i].provenance.fingerprint == files[i - 1].provenance.fingerprint) {
      throw Error(Code::refused, fmt::format("[merge] {}: expected statistics of different samples, got those of the "
                                             "same twice",
                                             files[i].provenance.name));
    }
  }
  for (std::size_t i = 1; i < files.size(); ++i) merge(whole, files[i]);
  const std::string json = to_json(whole);
  output.write(std::as_bytes(std::span(json)));
  output.commit();
  if (request.json) {
    fmt::print("{}", json);
  } else {
    print_summary(whole);
  }
  print_notes(whole);
}

}  // namespace

void add_merge(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("merge", "The statistics of all parts from those of each: poise merge FILE... -o FILE");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  command->add_option("FILE", request->files, "Statistics files, in any order")->required()->type_name("FILE");
  command->add_option("-o,--output", request->output, "The statistics file of the whole")
      ->required()
      ->type_name("FILE");
  command->add_flag("--json", request->json, "Print it as JSON instead of the summary");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { merge(*request); });
}

}  // namespace poise
