#include "cli/apply.h"

#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "cli/cli.h"
#include "cli/scaling.h"
#include "data/image_scaling.h"
#include "data/leak.h"

namespace poise {
namespace {

// One `poise apply ...`, as given.
struct Request {
  DataSet data;
  Constants constants;
  std::string per, dtype, output;
  std::optional<std::string> split;
  bool allow_leak = false, force = false;
};

// The output and, where a leak was allowed, the record of it.
class Output {
 public:
  Output(const Request& request, DType dtype, const SourceInfo& data)
      : request_(request), data_(data), file_(request.output, dtype, data.shape, request.force) {}

  NpyWriter& file() { return file_; }

  // Error{refused} for a leak, unless it is allowed: then it is noted, and recorded.
  void judge(const std::optional<std::string>& reason, const Provenance& statistics) {
    if (!reason || record_) return;
    if (!request_.allow_leak) {
      throw Error(Code::refused, fmt::format("[apply] {}: expected statistics of training data, got {} (--split {} if "
                                             "it is, --allow-leak to go on)",
                                             data_.name, *reason, *statistics.split));
    }
    const std::string path = request_.output + ".leak.json";
    record_.emplace(path, true);
    record_->write(std::as_bytes(std::span(std::string_view(leak_record(statistics, data_.name, *reason)))));
    note(fmt::format("statistics in use are {}; allowed, and recorded in {}", *reason, path));
  }

  void commit() {
    if (record_) record_->finish();
    file_.commit();
    if (record_) record_->commit();
  }

 private:
  const Request& request_;
  const SourceInfo& data_;
  NpyWriter file_;
  std::optional<AtomicFile> record_;
};

DType dtype_of(const Request& request, const SourceInfo& info) {
  return request.dtype.empty() ? default_output(info.dtype) : dtype_named(request.dtype);
}

// Converted otherwise, the same images have other statistics.
void note_colour(const DataSet& data, const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  if (!p.images || (data.mode == word_of(p.mode) && data.alpha == word_of(p.alpha))) return;
  note(fmt::format("the statistics are of images by --mode {} --alpha {}, these are by --mode {} --alpha {}",
                   word_of(p.mode), word_of(p.alpha), data.mode, data.alpha));
}

void apply_by_constants(const Request& request, DataSource& source, Context& context) {
  const SourceInfo& info = source.info();
  const std::optional<StatisticsFile> file = request.constants.read();
  const int channel_axis = request.constants.channel_axis_of(request.data, info, file);
  const Scaling scaling = request.constants.scaling_of(info, file, channel_axis);
  const DType dtype = dtype_of(request, info);
  Output output(request, dtype, info);
  Fingerprint content;
  const bool needs_content = file && leak_needs_content(file->provenance, request.split);
  // What can be told without reading the data is told before.
  if (file && !needs_content) output.judge(leak(file->provenance, request.split, std::nullopt), file->provenance);
  apply(source, scaling, channel_axis, dtype, output.file(), context, needs_content ? &content : nullptr);
  if (needs_content) output.judge(leak(file->provenance, request.split, content), file->provenance);
  output.commit();
  print_notes(scaling, request.constants.preset);
  if (file) note_colour(request.data, *file);
  if (file && !file->provenance.split) {
    note("the statistics do not say which split they are of (stats --split), so no leak can be seen");
  }
}

void apply_by_image(const Request& request, DataSource& source, Context& context) {
  if (request.per != "image") {
    throw Error(Code::usage, fmt::format("[apply] --per: expected image, got {}", request.per));
  }
  const SourceInfo& info = source.info();
  const double full = info.scale();
  const Method method = method_named(request.constants.method);
  if (method != Method::zscore && request.constants.eps != 0) {
    throw Error(Code::usage, fmt::format("[apply] --eps: expected zscore, which divides by a std, got {}",
                                         request.constants.method));
  }
  const ImageScaling scaling{method, request.data.channel_axis_of(info), request.constants.eps * full * full};
  const DType dtype = dtype_of(request, info);
  Output output(request, dtype, info);
  const std::uint64_t constant = apply_per_image(source, scaling, dtype, output.file(), context);
  output.commit();
  if (constant > 0) {
    note(fmt::format("{} {} are constant and keep their scale", constant,
                     scaling.channel_axis < 0 ? "images" : "channels of images"));
  }
}

void apply(const Request& request) {
  if (!(request.constants.eps >= 0) || std::isinf(request.constants.eps)) {
    throw Error(Code::usage,
                fmt::format("[apply] --eps: expected a number of at least 0, got {}", request.constants.eps));
  }
  if (request.split) check_split(*request.split);
  const std::unique_ptr<DataSource> source = request.data.open();
  Context context;
  if (request.per.empty()) {
    apply_by_constants(request, *source, context);
  } else {
    apply_by_image(request, *source, context);
  }
  if (globals().verbose) fmt::print(stderr, "poise: {}\n", context.plan());
}

}  // namespace

void add_apply(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "apply", "Scale a data set by statistics or a preset: poise apply --stats FILE|--preset NAME DATA -o OUT.npy");
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  add_data_set(*command, request->data);
  add_image_options(*command, request->data);
  add_constants(*command, request->constants)
      ->add_option("--per", request->per, "image: each image by its own statistics, which cannot be undone")
      ->type_name("image");
  command->add_option("-o,--output", request->output, "The output, an npy file")->required()->type_name("OUT.npy");
  command
      ->add_option("--dtype", request->dtype,
                   "The output's type; by default the data's, or f32 where that is an integer")
      ->type_name("f32|f64|bf16|f16");
  command->add_option("--split", request->split, "What part of the data set this is")->type_name("train|val|test");
  command->add_flag("--allow-leak", request->allow_leak,
                    "Scale by statistics of test data all the same, and record it in OUT.npy.leak.json");
  command->add_flag("--force", request->force, "Replace an output that exists");
  command->callback([request] { apply(*request); });
}

}  // namespace poise
