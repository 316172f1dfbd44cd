#include "cli/invert.h"

#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "cli/cli.h"
#include "cli/scaling.h"
#include "data/invert.h"

namespace poise {
namespace {

// One `poise invert ...`, as given.
struct Request {
  DataSet data;
  Constants constants;
  std::string dtype, output;
  bool force = false;
};

ValueType dtype_of(const Request& request, const SourceInfo& info, const std::optional<StatisticsFile>& file) {
  if (request.dtype == "uint8" || request.dtype == "uint16") return value_type_named("u" + request.dtype.substr(4));
  if (!request.dtype.empty()) return value_type_named(request.dtype);
  return file && file->provenance.dtype.is_integer() ? file->provenance.dtype : info.dtype;
}

void invert(const Request& request) {
  const std::optional<StatisticsFile> file = request.constants.read();
  const std::unique_ptr<DataSource> source = request.data.open();
  const SourceInfo& info = source->info();
  if (info.dtype.is_integer()) {
    throw Error(Code::usage, fmt::format("[invert] {}: expected floating data, as apply writes it, got {}", info.name,
                                         name_of(info.dtype)));
  }
  const int channel_axis = request.constants.channel_axis_of(request.data, info, file);
  const ValueType dtype = dtype_of(request, info, file);
  // The scaling is of the data that comes back. Statistics of integers give their raw values, whatever those are
  // stored as.
  SourceInfo raw = info;
  raw.dtype = file ? file->provenance.dtype : dtype;
  const Scaling scaling = request.constants.scaling_of(raw, file, channel_axis);
  Context context;
  NpyWriter output(request.output, dtype, info.shape, request.force);
  poise::invert(*source, scaling, channel_axis, dtype, output, context);
  output.commit();
  if (globals().verbose) fmt::print(stderr, "poise: {}\n", context.plan());
}

}  // namespace

void add_invert(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "invert", "Undo apply, given what it was given: poise invert --stats FILE|--preset NAME DATA -o OUT.npy");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  add_data_set(*command, request->data);
  add_constants(*command, request->constants);
  command->add_option("-o,--output", request->output, "The output, an npy file")->required()->type_name("OUT.npy");
  command
      ->add_option("--dtype", request->dtype,
                   "The output's type; by default that of the statistics where they are of integers, else the data's")
      ->type_name("u8|u16|f32|f64|bf16|f16");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { invert(*request); });
}

}  // namespace poise
