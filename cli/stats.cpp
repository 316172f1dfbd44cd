#include "cli/stats.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/cli.h"
#include "cli/data_set.h"
#include "cli/progress.h"
#include "core/parallel.h"
#include "data/scan.h"
#include "io/atomic_file.h"

namespace poise {
namespace {

// One `poise stats ...`, as given.
struct Request {
  DataSet data;
  std::vector<std::string> paths;
  std::string output, array, per = "channel", estimator = "pixel", weight = "pixel", mode = "stored", alpha = "opaque";
  std::string on_corrupt = "fail", shard;
  std::optional<std::string> split;
  bool force = false, json = false, samples = false, reproducible = false;
};

ScanOptions options_of(const Request& request) {
  if (request.split) check_split(*request.split);
  if (request.on_corrupt != "fail" && request.on_corrupt != "skip") {
    throw Error(Code::usage, fmt::format("[stats] on-corrupt: expected fail or skip, got '{}'", request.on_corrupt));
  }
  ScanOptions options;
  options.split = request.split;
  options.per = choice_named<Grouping>(request.per);
  options.estimator = choice_named<Estimator>(request.estimator);
  options.weight = choice_named<Weight>(request.weight);
  options.mode = choice_named<ColourMode>(request.mode);
  options.alpha = choice_named<Alpha>(request.alpha);
  if (!request.shard.empty()) options.shard = Shard::parse(request.shard);
  options.samples = request.samples;
  Context context;
  context.threads = globals().threads;
  options.threads = threads_allowed(context);
  return options;
}

ImageScan scan_path(const Request& request, const std::string& path, ScanOptions options) {
  const OpenedData data = open_data_set(path, {request.data.npy, request.array, options.shard});
  if (data.images) return scan(*data.images, options);
  const SourceInfo& info = data.arrays->info();
  const bool channels = options.per == Grouping::channel || !request.data.channel_axis.empty();
  if (channels) options.channel_axis = request.data.channel_axis_of(info);
  return {scan(*data.arrays, options), 0, 0, {}};
}

// The error names the image as the file does, which is the same wherever the data lies; a user wants to find it.
std::string with_path(const Failure& failure) {
  std::string error = failure.error;
  const std::size_t at = error.find(failure.name);
  return at == std::string::npos ? error : error.replace(at, failure.name.size(), failure.path);
}

// Everything is read before anything is said, so that one look shows all that is damaged.
void report_damage(const Request& request, const ImageScan& scan) {
  if (scan.failed == 0) return;
  const bool fail = request.on_corrupt == "fail";
  if (fail || globals().verbose) {
    for (const Failure& failure : scan.failures.list) fmt::print(stderr, "poise: {}\n", printable(with_path(failure)));
  }
  const std::string count = fmt::format("{} of {}", scan.failed, scan.file ? scan.file->provenance.seen : scan.failed);
  if (fail) {
    throw Error(Code::data, fmt::format("[stats] data: expected whole images, got {} damaged (--on-corrupt skip leaves "
                                        "them out)",
                                        count));
  }
  note(fmt::format("{} images are damaged and left out, the first is {}", count, scan.failures.list[0].name));
}

StatisticsFile scan_all(const Request& request) {
  const ScanOptions asked = options_of(request);
  ScanOptions options = asked;
  Progress progress;
  options.progress = [&](std::uint64_t samples) { progress.show(samples); };
  ImageScan all = scan_path(request, request.paths[0], options);
  for (std::size_t i = 1; i < request.paths.size(); ++i) {
    progress.next_file();
    all.merge(scan_path(request, request.paths[i], options));
  }
  progress.clear();
  report_damage(request, all);
  if (!all.file) {
    throw Error(Code::data, fmt::format("[stats] {}: expected images, got none in {} files", request.paths[0],
                                        all.skipped + all.failed));
  }
  return std::move(*all.file);
}

Run run_of(const Request& request, std::chrono::system_clock::time_point start) {
  const auto now = std::chrono::system_clock::now();
  return {fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(start))), request.paths,
          options_of(request).threads, std::chrono::duration<double>(now - start).count(), request.shard};
}

void stats(const Request& request) {
  const auto start = std::chrono::system_clock::now();
  options_of(request);
  // Before the work, so that a refusal comes early; and gone again during it, since it may lie among the data.
  std::optional<AtomicFile> output;
  if (!request.output.empty()) output.emplace(request.output, request.force);
  output.reset();
  StatisticsFile file = scan_all(request);
  if (!request.reproducible) file.run = run_of(request, start);
  const std::string json = to_json(file);
  if (!request.output.empty()) {
    output.emplace(request.output, request.force);
    output->write(std::as_bytes(std::span(json)));
    output->commit();
  }
  if (request.json) {
    fmt::print("{}", json);
  } else {
    print_summary(file);
  }
  print_notes(file);
}

void add_choices(CLI::App& command, Request& request) {
  const auto add = [&](const char* name, std::string& value, const char* meaning, const std::string& words) {
    command.add_option(name, value, meaning)->type_name(words);
  };
  add("--per", request.per, "What has statistics of its own", words_of<Grouping>());
  add("--estimator", request.estimator, "Which std is meant; the others are kept beside it", words_of<Estimator>());
  add("--weight", request.weight, "Whether the mean meant counts values or samples the same", words_of<Weight>());
  add("--mode", request.mode, "Images: colour as stored, or converted", words_of<ColourMode>());
  add("--alpha", request.alpha, "Images: drop alpha that is opaque, or all of it, or keep it", words_of<Alpha>());
  add("--on-corrupt", request.on_corrupt, "Damaged images: fail after reading all, or leave them out", "fail|skip");
  add("--shard", request.shard, "Only the samples of part I of N, from 1; poise merge joins the parts", "I/N");
}

}  // namespace

void add_stats(CLI::App& app) {
  CLI::App* command = app.add_subcommand("stats", "Exact statistics of a data set: poise stats DATA... -o FILE");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  command
      ->add_option("DATA", request->paths,
                   "The data set: folders of images, tar archives, images, npy, npz, IDX or CIFAR files")
      ->required()
      ->type_name("DATA...");
  add_array_options(*command, request->data);
  command->add_option("--array", request->array, "Which array of an npz file; by default its first")->type_name("NAME");
  add_choices(*command, *request);
  command->add_option("-o,--output", request->output, "The statistics file, JSON poise.stats/1")->type_name("FILE");
  command->add_option("--split", request->split, "What part of the data this is, to be kept with the statistics")
      ->type_name("train|val|test");
  command->add_flag("--samples", request->samples, "Keep each sample's hash, for poise check to find leaks");
  command->add_flag("--reproducible", request->reproducible, "Without time and paths: the same data, the same bytes");
  command->add_flag("--json", request->json, "Print the statistics file instead of the summary");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { stats(*request); });
}

}  // namespace poise
