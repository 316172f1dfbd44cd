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

Json shape_json(const Provenance& p) {
  if (p.images && p.shape.empty()) return nullptr;
  return std::vector<std::int64_t>(p.shape.begin(), p.shape.end());
}

Json source_json(const Provenance& p) {
  Json source = {{"name", p.name},
                 {"format", p.format},
                 {"compression", p.compression},
                 {"dtype", name_of(p.dtype)},
                 {"shape", shape_json(p)},
                 {"fingerprint", p.fingerprint.str()},
                 {"images", nullptr}};
  if (p.images) source["images"] = {{"decoder", p.decoder}, {"mode", word_of(p.mode)}, {"alpha", word_of(p.alpha)}};
  return source;
}

Json samples_json(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  Json samples = {
      {"seen", p.seen},   {"used", p.used}, {"skipped", p.skipped}, {"failed", p.failed}, {"failures", Json::array()},
      {"hashes", nullptr}};
  for (const Failure& failure : file.failures.list) {
    samples["failures"].push_back({{"name", failure.name}, {"error", failure.error}});
  }
  if (file.samples) {
    samples["hashes"] = Json::array();
    for (const Fingerprint& sample : *file.samples) samples["hashes"].push_back(sample.digits());
  }
  return samples;
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

std::string digits(uint128 value) { return fmt::format("{}", value); }

// What circulates beside the mean and std of all values.
Json estimators_json(const SampleMoments& samples, double scale) {
  const double mean = samples.mean_of_means(), std = samples.mean_of_std(), root = samples.sqrt_mean_var();
  return {{"image_mean", mean},
          {"mean_of_std", std},
          {"sqrt_mean_var", root},
          {"unit", {{"image_mean", mean / scale}, {"mean_of_std", std / scale}, {"sqrt_mean_var", root / scale}}}};
}

Json samples_state(const SampleMoments& samples) {
  return {{"count", samples.samples},
          {"mean", digits(samples.mean)},
          {"variance", digits(samples.variance)},
          {"std", digits(samples.std)}};
}

Json sums_state(const IntegerSums& sums) {
  return {{"count", sums.count},
          {"sum", sums.sum},
          {"sum_squares", sums.sum_squares},
          {"min", sums.count == 0 ? 0 : sums.min},
          {"max", sums.max}};
}

void add_counts(Json& channel, Counts counts, bool bytes) {
  for (const auto& [name, q] : stats_quantiles) channel["quantiles"][name] = quantile(counts, q);
  channel["share_of_0"] = share(counts, 0);
  channel[bytes ? "share_of_255" : "share_of_65535"] = share(counts, counts.size() - 1);
}

Json integer_channel(const StatisticsFile& file, std::int64_t c) {
  const auto i = static_cast<std::size_t>(c);
  const Statistics& statistics = file.statistics;
  const ChannelSummary summary = statistics.summary(c);
  const Counts counts = statistics.counts(c);
  const bool samples = !statistics.samples().empty();
  Json channel = summary_json(summary);
  channel["unit"] = unit_json(summary, file.scale());
  if (!counts.empty()) add_counts(channel, counts, file.provenance.dtype == DType::u8);
  channel["estimators"] = samples ? estimators_json(statistics.samples()[i], file.scale()) : Json(nullptr);
  Json state = counts.empty() ? sums_state(statistics.sums()[i])
                              : Json{{"counts", std::vector<std::uint64_t>(counts.begin(), counts.end())}};
  state["samples"] = samples ? samples_state(statistics.samples()[i]) : Json(nullptr);
  channel["state"] = std::move(state);
  return channel;
}

Json float_channel(const ChannelSummary& summary, const FloatChannel& state) {
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
    channels.push_back(statistics.floats().empty()
                           ? integer_channel(file, c)
                           : float_channel(statistics.summary(c), statistics.floats()[static_cast<std::size_t>(c)]));
  }
  return channels;
}

Json sizes_json(const ImageSizes& sizes) {
  Json counts = Json::array();
  for (const auto& [size, images] : sizes.counts) counts.push_back({size.first, size.second, images});
  return {{"images", sizes.images()},
          {"min_height", sizes.min_height},
          {"max_height", sizes.max_height},
          {"min_width", sizes.min_width},
          {"max_width", sizes.max_width},
          {"too_many", sizes.too_many},
          {"height_width_images", std::move(counts)},
          {"aspects", sizes.aspects}};
}

Json classes_json(const Classes& classes) {
  Json list = Json::array();
  for (const auto& [name, sums] : classes.by_name) {
    Json means = Json::array();
    for (std::size_t c = 0; c < sums.sums.size(); ++c) means.push_back(sums.mean(c));
    list.push_back({{"name", name},
                    {"samples", sums.samples},
                    {"mean", std::move(means)},
                    {"pixels", sums.pixels},
                    {"sums", sums.sums}});
  }
  return {{"too_many", classes.too_many}, {"list", std::move(list)}};
}

Json outliers_json(const std::vector<Outlier>& outliers) {
  Json list = Json::array();
  for (const Outlier& o : outliers) list.push_back({{"name", o.name}, {"mean", o.mean}, {"std", o.std}});
  return list;
}

Json outliers_json(const Outliers& o) {
  return {{"darkest", outliers_json(o.darkest)},
          {"brightest", outliers_json(o.brightest)},
          {"flattest", outliers_json(o.flattest)}};
}

Json run_json(const Run& run) {
  return {{"time", run.time},
          {"paths", run.paths},
          {"threads", run.threads},
          {"seconds", run.seconds},
          {"shard", run.shard}};
}

template <class T, class F>
Json json_or_null(const std::optional<T>& value, const F& json) {
  return value ? json(*value) : Json(nullptr);
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
  json["samples"] = samples_json(file);
  json["split"] = p.split ? Json(*p.split) : Json(nullptr);
  json["channel_axis"] = p.channel_axis >= 0 ? Json(p.channel_axis) : Json(nullptr);
  json["per"] = word_of(p.per);
  json["scale"] = file.scale();
  json["estimator"] = word_of(file.estimator);
  json["weight"] = word_of(file.weight);
  json["sizes"] = json_or_null(file.sizes, sizes_json);
  json["classes"] = json_or_null(file.classes, classes_json);
  json["outliers"] = json_or_null(file.outliers, [](const Outliers& o) { return outliers_json(o); });
  json["channels"] = channels_json(file);
  if (file.run) json["run"] = run_json(*file.run);
  std::string text;
  print(text, json, 0);
  return text + "\n";
}

}  // namespace poise
