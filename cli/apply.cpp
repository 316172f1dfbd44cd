#include "cli/apply.h"

#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "cli/cli.h"
#include "cli/data_set.h"
#include "data/apply.h"

namespace poise {
namespace {

// One `poise apply ...`, as given.
struct Request {
  DataSet data;
  std::string stats, preset, method = "zscore", dtype, output;
  bool force = false;
};

// Statistics know their channel axis; a preset of one channel needs none.
int channel_axis_of(const Request& request, const SourceInfo& info, const std::optional<StatisticsFile>& file) {
  if (request.data.channel_axis.empty()) {
    if (file) return file->provenance.channel_axis;
    if (preset_named(request.preset).channels == 1) return -1;
  }
  return request.data.channel_axis_of(info);
}

Scaling scaling_of(const Request& request, const SourceInfo& info, const std::optional<StatisticsFile>& file,
                   int channel_axis) {
  const Method method = method_named(request.method);
  if (file) return scaling_of(*file, method, info, channel_axis);
  if (method == Method::zscore) return scaling_of(preset_named(request.preset), info, channel_axis);
  throw Error(Code::usage, fmt::format("[apply] --method: expected zscore for a preset, which is a mean and a std, "
                                       "got {}",
                                       request.method));
}

void print_notes(const Scaling& scaling) {
  const std::size_t constant = scaling.constant_channels.size();
  if (constant == 0) return;
  note(fmt::format("{} of {} channels are constant in the statistics and keep their scale, the first is {}", constant,
                   scaling.first.size(), scaling.constant_channels[0]));
}

void apply(const Request& request) {
  std::optional<StatisticsFile> file;
  if (!request.stats.empty()) file = read_statistics(request.stats);
  const std::unique_ptr<DataSource> source = request.data.open();
  const SourceInfo& info = source->info();
  const int channel_axis = channel_axis_of(request, info, file);
  const Scaling scaling = scaling_of(request, info, file, channel_axis);
  const DType dtype = request.dtype.empty() ? default_output(info.dtype) : dtype_named(request.dtype);
  Context context;
  NpyWriter output(request.output, dtype, info.shape, request.force);
  poise::apply(*source, scaling, channel_axis, dtype, output, context);
  output.commit();
  print_notes(scaling);
  if (globals().verbose) fmt::print(stderr, "poise: {}\n", context.plan());
}

}  // namespace

void add_apply(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "apply", "Scale a data set by statistics or a preset: poise apply --stats FILE|--preset NAME DATA -o OUT.npy");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  add_data_set(*command, request->data);
  CLI::Option_group* constants = command->add_option_group("constants", "What the data is scaled by");
  constants->add_option("--stats", request->stats, "A file that poise stats wrote")->type_name("FILE");
  constants->add_option("--preset", request->preset, "Published mean and std, by name")->type_name("NAME");
  constants->require_option(1);
  command->add_option("--method", request->method, "zscore by mean and std; minmax to [0, 1], symmetric to [-1, 1]")
      ->type_name("zscore|minmax|symmetric");
  command->add_option("-o,--output", request->output, "The output, an npy file")->required()->type_name("OUT.npy");
  command->add_option("--dtype", request->dtype, "The output's type; by default the data's, or f32 where it is u8")
      ->type_name("f32|f64|bf16|f16");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { apply(*request); });
}

}  // namespace poise
