#include "cli/scaling.h"

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {

std::optional<StatisticsFile> Constants::read() const {
  if (stats.empty()) return std::nullopt;
  return read_statistics(stats);
}

int Constants::channel_axis_of(const DataSet& data, const SourceInfo& info,
                               const std::optional<StatisticsFile>& file) const {
  if (data.channel_axis.empty()) {
    if (file && (!info.image_channel_axis || file->provenance.channel_axis < 0)) return file->provenance.channel_axis;
    if (!file && preset_named(preset).channels == 1) return -1;
  }
  return data.channel_axis_of(info);
}

Scaling Constants::scaling_of(const SourceInfo& data, const std::optional<StatisticsFile>& file,
                              int channel_axis) const {
  const Method by = method_named(method);
  if (by != Method::zscore && eps != 0) {
    throw Error(Code::usage, fmt::format("[apply] --eps: expected zscore, which divides by a std, got {}", method));
  }
  if (file) return poise::scaling_of(*file, by, data, channel_axis, eps);
  if (by == Method::zscore && eps == 0) return poise::scaling_of(preset_named(preset), data, channel_axis);
  if (eps != 0) throw Error(Code::usage, "[apply] --eps: expected none for a preset, got one");
  throw Error(Code::usage,
              fmt::format("[apply] --method: expected zscore for a preset, which is a mean and a std, got {}", method));
}

CLI::Option_group* add_constants(CLI::App& command, Constants& constants) {
  CLI::Option_group* group = command.add_option_group("constants", "What the data is scaled by");
  group->add_option("--stats", constants.stats, "A file that poise stats wrote")->type_name("FILE");
  group->add_option("--preset", constants.preset, "Published mean and std, by name (see poise presets)")
      ->type_name("NAME");
  group->require_option(1);
  command.add_option("--method", constants.method, "zscore by mean and std; minmax to [0, 1], symmetric to [-1, 1]")
      ->type_name("zscore|minmax|symmetric");
  command
      .add_option("--eps", constants.eps,
                  "Added to the variance by zscore, of values in [0, 1] where the data is integer; 0 by default")
      ->type_name("EPS");
  return group;
}

void print_notes(const Scaling& scaling, const std::string& preset) {
  const std::size_t constant = scaling.constant_channels.size();
  if (constant > 0) {
    note(fmt::format("{} of {} channels are constant in the statistics and keep their scale, the first is {}", constant,
                     scaling.first.size(), scaling.constant_channels[0]));
  }
  if (preset.empty()) return;
  const Preset& published = preset_named(preset);
  note(fmt::format("preset {}: {}; {}", published.name, published.estimator, published.source));
}

}  // namespace poise
