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

DType dtype_of(const Request& request, const SourceInfo& info, const std::optional<StatisticsFile>& file) {
  if (!request.dtype.empty()) return dtype_named(request.dtype == "uint8" ? "u8" : request.dtype);
  if (file && file->provenance.dtype == DType::u8) return DType::u8;
  return info.dtype;
}

void invert(const Request& request) {
  const std::optional<StatisticsFile> file = request.constants.read();
  const std::unique_ptr<DataSource> source = request.data.open();
  const SourceInfo& info = source->info();
  if (info.dtype == DType::u8) {
    throw Error(Code::usage, fmt::format("[invert] {}: expected floating data, as apply writes it, got u8", info.name));
  }
  const int channel_axis = request.constants.channel_axis_of(request.data, info, file);
  const DType dtype = dtype_of(request, info, file);
  // The scaling is of the data that comes back. Statistics of 8-bit data give its raw values, whatever they are stored
  // as.
  SourceInfo raw = info;
  raw.dtype = file && file->provenance.dtype != ValueType::u16() ? file->provenance.dtype.dtype() : dtype;
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
                   "The output's type; by default u8 where the statistics are of it, else the data's")
      ->type_name("u8|f32|f64|bf16|f16");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { invert(*request); });
}

}  // namespace poise
