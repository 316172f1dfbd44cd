#include <array>

#include <fmt/format.h>
#include <poise/error.h>
#include <nlohmann/json.hpp>

#include "data/statistics_file.h"
#include "data/statistics_schema.h"

namespace poise {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json source_json(const Provenance& p) {
  return {{"name", p.name},
          {"format", p.format},
          {"compression", p.compression},
          {"dtype", name_of(p.dtype)},
          {"shape", std::vector<std::int64_t>(p.shape.begin(), p.shape.end())},
          {"fingerprint", p.fingerprint.str()}};
}

Json samples_json(const Provenance& p) {
  return {{"seen", p.seen}, {"used", p.used}, {"skipped", p.skipped}, {"failed", p.failed}};
}

// As in [0, 1]: what training scripts call the mean and std of a data set.
Json unit_json(const ChannelSummary& s, double scale) {
  const auto scaled = [&](const std::optional<double>& value) {
    return value ? std::optional<double>(*value / scale) : std::nullopt;
  };
  return {{"mean", s.mean / scale},
          {"std", s.std / scale},
          {"std_sample", or_null(scaled(s.std_sample))},
          {"min", or_null(scaled(s.min))},
          {"max", or_null(scaled(s.max))}};
}

Json summary_json(const ChannelSummary& s) {
  return {{"count", s.count},      {"mean", s.mean},       {"std", s.std}, {"std_sample", or_null(s.std_sample)},
          {"min", or_null(s.min)}, {"max", or_null(s.max)}};
}

Json channel_json(const ChannelSummary& summary, const Histogram& histogram, double scale) {
  Json channel = summary_json(summary);
  channel["unit"] = unit_json(summary, scale);
  for (const auto& [name, q] : stats_quantiles) channel["quantiles"][name] = histogram.quantile(q);
  channel["share_of_0"] = histogram.share(0);
  channel["share_of_255"] = histogram.share(255);
  channel["state"] = {{"counts", histogram.counts}};
  return channel;
}

Json channel_json(const ChannelSummary& summary, const FloatChannel& state) {
  Json channel = summary_json(summary);
  channel["nan"] = state.nan;
  channel["positive_infinity"] = state.positive_infinity;
  channel["negative_infinity"] = state.negative_infinity;
  channel["state"] = {{"count", summary.count},
                      {"mean", state.moments.mean},
                      {"m2", state.moments.m2},
                      {"min", or_null(summary.min)},
                      {"max", or_null(summary.max)}};
  return channel;
}

Json channels_json(const StatisticsFile& file) {
  Json channels = Json::array();
  const Statistics& statistics = file.statistics;
  for (std::int64_t c = 0; c < statistics.channels(); ++c) {
    const auto i = static_cast<std::size_t>(c);
    const ChannelSummary summary = statistics.summary(c);
    channels.push_back(statistics.dtype() == DType::u8 ? channel_json(summary, statistics.histograms()[i], file.scale())
                                                       : channel_json(summary, statistics.floats()[i]));
  }
  return channels;
}

// Names of files need not be UTF-8; what is not becomes U+FFFD.
std::string text_of(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

// An entry a line, but arrays of numbers in one: 256 counts are for machines.
void print(std::string& out, const Json& value, std::size_t indent) {
  const bool nested = value.is_object() || (value.is_array() && !value.empty() && value[0].is_object());
  if (!nested) {
    out += text_of(value);
    return;
  }
  out += value.is_object() ? '{' : '[';
  const char* separator = "\n";
  for (const auto& [key, entry] : value.items()) {
    out += separator + std::string(indent + 2, ' ');
    if (value.is_object()) out += text_of(key) + ": ";
    print(out, entry, indent + 2);
    separator = ",\n";
  }
  out += "\n" + std::string(indent, ' ') + (value.is_object() ? '}' : ']');
}

}  // namespace

std::string to_json(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  Json json;
  json["schema"] = stats_schema;
  json["poise"] = p.poise_version;
  json["source"] = source_json(p);
  json["samples"] = samples_json(p);
  json["split"] = p.split ? Json(*p.split) : Json(nullptr);
  json["channel_axis"] = p.channel_axis >= 0 ? Json(p.channel_axis) : Json(nullptr);
  json["scale"] = file.scale();
  json["channels"] = channels_json(file);
  std::string text;
  print(text, json, 0);
  return text + "\n";
}

}  // namespace poise
