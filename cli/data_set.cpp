#include "cli/data_set.h"

#include <charconv>

#include <fmt/format.h>

#include "cli/cli.h"
#include "core/parallel.h"
#include "data/formats.h"
#include "data/image_array.h"

namespace poise {

std::unique_ptr<DataSource> DataSet::open() const {
  if (!layout.empty() && layout != "nchw" && layout != "nhwc") {
    throw Error(Code::usage, fmt::format("[data] --layout: expected nchw or nhwc, got {}", layout));
  }
  OpenedData data = open_data_set(path, {npy, {}, {}});
  const ColourMode colour = choice_named<ColourMode>(mode);
  const Alpha opacity = choice_named<Alpha>(alpha);
  if (data.images) {
    Context context;
    context.threads = globals().threads;
    return open_image_array(path, {colour, opacity, layout == "nhwc", threads_allowed(context)});
  }
  if (!layout.empty() || colour != ColourMode::stored || opacity != Alpha::opaque) {
    throw Error(Code::usage, fmt::format("[data] --layout, --mode, --alpha: expected images, got {} {}",
                                         data.arrays->info().format, path));
  }
  return std::move(data.arrays);
}

int DataSet::channel_axis_of(const SourceInfo& info) const {
  if (channel_axis == "none") return -1;
  if (channel_axis.empty()) {
    if (info.image_channel_axis) return *info.image_channel_axis;
    if (info.format.starts_with("cifar")) return 1;
    if (info.format == "idx" || info.shape.size() < 2) return -1;
    if (info.shape.size() == 2) return 1;
    throw Error(Code::usage, fmt::format("[data] --channel-axis: expected an axis of shape {} or none, got nothing",
                                         info.shape.str()));
  }
  int axis = 0;
  const char* end = channel_axis.data() + channel_axis.size();
  const auto [rest, error] = std::from_chars(channel_axis.data(), end, axis);
  if (error != std::errc() || rest != end || axis < 0 || axis >= info.shape.size()) {
    throw Error(Code::usage, fmt::format("[data] --channel-axis: expected an axis of shape {} or none, got {}",
                                         info.shape.str(), channel_axis));
  }
  return axis;
}

void add_data_set(CLI::App& command, DataSet& data) {
  command.add_option("DATA", data.path, "The data set: npy, npz, IDX or CIFAR")->required()->type_name("DATA");
  add_array_options(command, data);
}

void add_array_options(CLI::App& command, DataSet& data) {
  command
      .add_option("--channel-axis", data.channel_axis,
                  "The axis whose values keep their own statistics; none: all values share them")
      ->type_name("AXIS|none");
  command.add_flag("--void2-is-bf16", data.npy.void2_is_bfloat16, "Read npy files of type '<V2' as bfloat16");
}

void add_image_options(CLI::App& command, DataSet& data) {
  command.add_option("--mode", data.mode, "Images: colour as stored, or converted")->type_name(words_of<ColourMode>());
  command.add_option("--alpha", data.alpha, "Images: drop alpha that is opaque, or all of it, or keep it")
      ->type_name(words_of<Alpha>());
  command.add_option("--layout", data.layout, "Images: the output is (N, C, H, W), or (N, H, W, C)")
      ->type_name("nchw|nhwc");
}

void note(const std::string& text) {
  if (!globals().quiet) fmt::print(stderr, "poise: note: {}\n", printable(text));
}

}  // namespace poise
