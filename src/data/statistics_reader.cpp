#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/image_set_reader.h"
#include "data/json_object.h"
#include "data/statistics_file.h"
#include "data/statistics_schema.h"

namespace poise {
namespace {

// Larger than any file Poise writes but those that list very many samples.
constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 29;
constexpr std::size_t max_image_channels = 4;

template <class Make>
auto checked(const JsonObject& json, const char* key, const char* expected, const Make& make) {
  try {
    return make(json.string(key));
  } catch (const Error&) {
    json.fail(key, expected, json.string(key).substr(0, 64));
  }
}

template <class E>
E read_choice(const JsonObject& json, const char* key) {
  return checked(json, key, words_of<E>().c_str(), [](const std::string& word) { return choice_named<E>(word); });
}

Dims read_shape(const JsonObject& json) {
  const std::vector<std::uint64_t> sizes = json.counts("shape");
  std::int64_t values = 1;
  bool fits = sizes.size() <= static_cast<std::size_t>(max_rank);
  for (const std::uint64_t size : sizes) fits = fits && !__builtin_mul_overflow(values, size, &values) && size > 0;
  if (!fits) json.fail("shape", "at most 8 sizes above 0", fmt::format("{}", fmt::join(sizes, ", ")));
  Dims shape;
  for (const std::uint64_t size : sizes) shape.push_back(static_cast<std::int64_t>(size));
  return shape;
}

void read_samples(const JsonObject& json, Provenance& p) {
  p.seen = json.count("seen");
  p.used = json.count("used");
  p.skipped = json.count("skipped");
  p.failed = json.count("failed");
  // Each alone first, so that no sum wraps around.
  const bool within = p.used <= p.seen && p.skipped <= p.seen - p.used && p.failed == p.seen - p.used - p.skipped;
  if (!within) json.fail("seen", "used + skipped + failed", fmt::format("{}", p.seen));
}

int read_channel_axis(const JsonObject& json, const Provenance& p) {
  if (json.is_null("channel_axis")) return -1;
  const std::uint64_t axis = json.count("channel_axis");
  const bool right = p.images ? axis == 3 : axis < static_cast<std::uint64_t>(p.shape.size());
  if (!right) {
    const std::string expected = p.images ? "3" : "an axis of shape " + p.shape.str();
    json.fail("channel_axis", expected + " or null", fmt::format("{}", axis));
  }
  return static_cast<int>(axis);
}

void read_images(const JsonObject& source, Provenance& p) {
  p.images = !source.is_null("images");
  if (p.images) {
    const JsonObject images = source.object("images");
    p.decoder = images.string("decoder");
    p.mode = read_choice<ColourMode>(images, "mode");
    p.alpha = read_choice<Alpha>(images, "alpha");
  }
  if (!p.images || !source.is_null("shape")) p.shape = read_shape(source);
  const bool square = p.shape.size() == 4 || (p.shape.empty() && source.is_null("shape"));
  if (p.images && !square) source.fail("shape", "4 sizes of images, or null", p.shape.str());
}

std::optional<std::string> read_split(const JsonObject& json) {
  if (json.is_null("split")) return std::nullopt;
  return checked(json, "split", "train, val, test or null", [](const std::string& split) {
    check_split(split);
    return split;
  });
}

Provenance read_provenance(const JsonObject& json) {
  Provenance p;
  const JsonObject source = json.object("source");
  p.poise_version = json.string("poise");
  p.name = source.string("name");
  p.format = source.string("format");
  p.compression = source.string("compression");
  p.dtype = checked(source, "dtype", "f32, f64, bf16, f16, u8 or u16",
                    [](const std::string& s) { return value_type_named(s); });
  read_images(source, p);
  p.fingerprint = checked(source, "fingerprint", "xxh3-128: and 32 hexadecimal digits", Fingerprint::parse);
  read_samples(json.object("samples"), p);
  p.split = read_split(json);
  p.channel_axis = read_channel_axis(json, p);
  p.per = read_choice<Grouping>(json, "per");
  return p;
}

void read_counts(const JsonObject& json, std::span<std::uint64_t> to) {
  const std::vector<std::uint64_t> counts = json.counts("counts");
  if (counts.size() != to.size()) {
    json.fail("counts", fmt::format("{} counts", to.size()), fmt::format("{}", counts.size()));
  }
  uint128 total = 0;
  for (const std::uint64_t count : counts) total += count;
  if (total > static_cast<uint128>(std::numeric_limits<std::int64_t>::max())) {
    json.fail("counts", "a sum below 2^63", "more");
  }
  std::copy(counts.begin(), counts.end(), to.begin());
}

template <class Counted>
Counted read_histogram(const JsonObject& json) {
  Counted histogram;
  read_counts(json, histogram.counts);
  return histogram;
}

// Held against what so many values can sum up to, so that what follows from them fits its types.
IntegerSums read_sums(const JsonObject& json) {
  IntegerSums sums{json.count("count"), json.count("sum"), json.count("sum_squares"), json.count("min"),
                   json.count("max")};
  if (sums.count > IntegerSums::max_count) json.fail("count", "at most 2^32", fmt::format("{}", sums.count));
  if (sums.count == 0) sums = {};
  const uint128 n = sums.count, sum = sums.sum, squares = sums.sum_squares;
  const bool within = sums.count == 0 || (sums.min <= sums.max && sums.max <= 65535 && n * sums.min <= sum &&
                                          sum <= n * sums.max && sum * sum <= n * squares && squares <= sum * sums.max);
  if (!within) json.fail("sum_squares", "sums of values from min to max", fmt::format("{}", sums.sum_squares));
  return sums;
}

SampleMoments read_sample_moments(const JsonObject& state) {
  const JsonObject json = state.object("samples");
  return {json.count("count"), json.large_count("mean"), json.large_count("variance"), json.large_count("std")};
}

FloatChannel read_float_channel(const JsonObject& channel) {
  const JsonObject json = channel.object("state");
  FloatChannel state;
  const std::uint64_t count = json.count("count");
  if (count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    json.fail("count", "a number below 2^63", fmt::format("{}", count));
  }
  state.moments = {static_cast<std::int64_t>(count), json.number("mean"), json.number("m2")};
  if (count > 0) state.range = {json.number("min"), json.number("max")};
  state.nan = channel.count("nan");
  state.positive_infinity = channel.count("positive_infinity");
  state.negative_infinity = channel.count("negative_infinity");
  // A merged mean may lie outside by its rounding.
  const double slack = 1e-9 * std::max(std::abs(state.range.min), std::abs(state.range.max));
  const bool ordered = state.range.min - slack <= state.moments.mean && state.moments.mean <= state.range.max + slack;
  const bool empty = count == 0 && state.moments.mean == 0 && state.moments.m2 == 0;
  if (state.moments.m2 < 0) json.fail("m2", "at least 0", fmt::format("{}", state.moments.m2));
  if (!empty && !ordered) json.fail("mean", "a value from min to max", fmt::format("{}", state.moments.mean));
  return state;
}

template <class Channel, class Read>
Statistics read_channels(ValueType type, const std::vector<JsonObject>& channels, const Read& read) {
  std::vector<Channel> states;
  std::vector<SampleMoments> samples;
  states.reserve(channels.size());
  for (const JsonObject& channel : channels) states.push_back(read(channel));
  if (!type.is_integer()) return {type, std::move(states)};
  for (const JsonObject& channel : channels) {
    const JsonObject state = channel.object("state");
    if (!state.is_null("samples")) samples.push_back(read_sample_moments(state));
  }
  if (!samples.empty() && samples.size() != channels.size()) {
    channels[0].fail("state.samples", "the same in every channel", "null in some");
  }
  return {type, std::move(states), std::move(samples)};
}

Statistics read_state(const Provenance& p, const std::vector<JsonObject>& channels) {
  if (!p.dtype.is_integer()) return read_channels<FloatChannel>(p.dtype, channels, read_float_channel);
  if (p.per == Grouping::pixel) {
    return read_channels<IntegerSums>(p.dtype, channels, [](const auto& c) { return read_sums(c.object("state")); });
  }
  if (p.dtype == DType::u8) {
    return read_channels<Histogram>(p.dtype, channels,
                                    [](const auto& c) { return read_histogram<Histogram>(c.object("state")); });
  }
  return read_channels<Histogram16>(p.dtype, channels,
                                    [](const auto& c) { return read_histogram<Histogram16>(c.object("state")); });
}

// The rounding of a square root and a division by another version of Poise may differ, an edited number differs more.
bool agrees(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) return !a && !b;
  return std::abs(*a - *b) <= 1e-9 * std::max(std::abs(*a), std::abs(*b));
}

void check_number(const JsonObject& json, const char* key, const std::optional<double>& expected) {
  const std::optional<double> got = json.number_or_null(key);
  if (agrees(expected, got)) return;
  const auto text = [](const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "null"; };
  json.fail(key, text(expected) + " as follows from the state", text(got));
}

void check_summary(const JsonObject& json, const ChannelSummary& summary) {
  if (json.count("count") != summary.count) {
    json.fail("count", fmt::format("{} as follows from the state", summary.count),
              fmt::format("{}", json.count("count")));
  }
  check_number(json, "mean", summary.mean);
  check_number(json, "std", summary.std);
  check_number(json, "std_sample", summary.std_sample);
  check_number(json, "min", summary.min);
  check_number(json, "max", summary.max);
}

void check_estimators(const JsonObject& channel, const StatisticsFile& file, std::size_t c) {
  if (!file.provenance.dtype.is_integer()) return;
  const bool given = !channel.is_null("estimators");
  if (given == file.statistics.samples().empty()) {
    channel.fail("estimators", "an object where the state has samples, else null", given ? "an object" : "null");
  }
  if (!given) return;
  const JsonObject json = channel.object("estimators");
  const SampleMoments& samples = file.statistics.samples()[c];
  check_number(json, "image_mean", samples.mean_of_means());
  check_number(json, "mean_of_std", samples.mean_of_std());
  check_number(json, "sqrt_mean_var", samples.sqrt_mean_var());
}

// Every value of the shape must be in the state, unless samples were left out of an array.
void check_values(const JsonObject& json, const StatisticsFile& file, std::int64_t channel) {
  const Provenance& p = file.provenance;
  std::uint64_t got = file.statistics.summary(channel).count;
  if (!p.dtype.is_integer()) {
    const FloatChannel& state = file.statistics.floats()[static_cast<std::size_t>(channel)];
    got += state.nan + state.positive_infinity + state.negative_infinity;
  }
  const bool known = p.images ? !p.shape.empty() : p.used == p.seen;
  const auto expected = static_cast<std::uint64_t>(p.shape.product() / file.statistics.channels());
  if (known && got != expected) {
    json.fail("state", fmt::format("{} values for shape {}", expected, p.shape.str()), fmt::format("{}", got));
  }
}

std::int64_t channels_of(const Provenance& p, std::size_t found) {
  if (p.per == Grouping::pixel) return p.shape.empty() ? 1 : p.shape.product() / p.shape[0];
  if (p.channel_axis < 0) return 1;
  if (p.images && p.shape.empty())
    return static_cast<std::int64_t>(std::clamp<std::size_t>(found, 1, max_image_channels));
  return p.shape[p.channel_axis];
}

Run read_run(const JsonObject& json) {
  Run run{json.string("time"), json.strings("paths"), 1, json.number("seconds"), json.string("shard")};
  run.threads = static_cast<int>(std::min<std::uint64_t>(json.count("threads"), 4096));
  return run;
}

void read_extras(const JsonObject& json, StatisticsFile& file) {
  const JsonObject samples = json.object("samples");
  file.estimator = read_choice<Estimator>(json, "estimator");
  file.weight = read_choice<Weight>(json, "weight");
  file.failures = read_failures(samples);
  if (!samples.is_null("hashes")) file.samples = read_hashes(samples);
  if (!json.is_null("sizes")) file.sizes = read_sizes(json.object("sizes"));
  if (!json.is_null("classes")) file.classes = read_classes(json.object("classes"));
  if (!json.is_null("outliers")) file.outliers = read_outliers(json.object("outliers"));
  if (json.has("run")) file.run = read_run(json.object("run"));
}

StatisticsFile read_file(const JsonObject& json) {
  if (json.string("schema") != stats_schema) {
    json.fail("schema", stats_schema, "'" + json.string("schema").substr(0, 64) + "'");
  }
  Provenance p = read_provenance(json);
  const std::vector<JsonObject> channels = json.objects("channels");
  const std::int64_t expected = channels_of(p, channels.size());
  if (static_cast<std::int64_t>(channels.size()) != expected) {
    json.fail("channels", fmt::format("{} of them", expected), fmt::format("{}", channels.size()));
  }
  Statistics statistics = read_state(p, channels);
  StatisticsFile file{std::move(p), std::move(statistics)};
  read_extras(json, file);
  if (json.number("scale") != file.scale()) {
    json.fail("scale", fmt::format("{} for {}", file.scale(), name_of(file.provenance.dtype)),
              fmt::format("{}", json.number("scale")));
  }
  for (std::size_t c = 0; c < channels.size(); ++c) {
    check_values(channels[c], file, static_cast<std::int64_t>(c));
    check_summary(channels[c], file.statistics.summary(static_cast<std::int64_t>(c)));
    check_estimators(channels[c], file, c);
  }
  return file;
}

}  // namespace

void check_split(const std::string& split) {
  if (split != "train" && split != "val" && split != "test") {
    throw Error(Code::usage, fmt::format("[stats] split: expected train, val or test, got '{}'", split));
  }
}

StatisticsFile parse_statistics(std::string_view json, const std::string& name) {
  try {
    return read_file(JsonObject(nlohmann::json::parse(json), name, ""));
  } catch (const nlohmann::json::parse_error& bad) {
    throw Error(Code::data, fmt::format("[stats] {}: expected JSON, got a mistake at byte {}", name, bad.byte));
  } catch (const nlohmann::json::exception&) {
    throw Error(Code::data, fmt::format("[stats] {}: expected numbers within float64, got one beyond", name));
  }
}

StatisticsFile read_statistics(const std::string& path) {
  const auto stream = open_stream(path);
  const std::uint64_t bytes = stream->extent().bytes;
  if (!stream->extent().exact || bytes > max_file_bytes) {
    throw Error(Code::data,
                fmt::format("[stats] {}: expected a statistics file, got {} bytes of other data", path, bytes));
  }
  std::string text(bytes, '\0');
  stream->read(std::as_writable_bytes(std::span(text)));
  return parse_statistics(text, path);
}

}  // namespace poise
