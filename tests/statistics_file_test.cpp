// Statistics files: what is written is read back exactly, and whatever contradicts the schema or itself is refused.

#include <cmath>
#include <cstring>

#include "data/statistics_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/scan.h"
#include "io/npy.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::content;
using test::TempFolder;
using test::throws;

StatisticsFile measured(const Tensor& x, const ScanOptions& options) {
  const TempFolder folder;
  write_npy(folder / "x.npy", x, false);
  return scan(*open_data_source(folder / "x.npy", {.void2_is_bfloat16 = true}), options);
}

StatisticsFile of_bytes() {
  Tensor x(DType::u8, {4, 3, 5});
  for (int i = 0; i < 60; ++i) x.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * i % 256);
  return measured(x, {1, "train"});
}

StatisticsFile of_floats() {
  Tensor x(DType::f32, {6, 2});
  for (int i = 0; i < 12; ++i) x.data<float>()[i] = std::sqrt(static_cast<float>(i)) / 3;
  x.data<float>()[3] = NAN;
  x.data<float>()[4] = INFINITY;
  return measured(x, {1, std::nullopt});
}

TEST(StatisticsFileTest, TextReadBackGivesTheSameText) {
  for (const StatisticsFile& file : {of_bytes(), of_floats()}) {
    const std::string text = to_json(file);
    EXPECT_EQ(to_json(parse_statistics(text, "s.json")), text);
  }
}

TEST(StatisticsFileTest, TheStateComesBackToTheLastBit) {
  const StatisticsFile bytes = of_bytes();
  const StatisticsFile bytes_read = parse_statistics(to_json(bytes), "s.json");
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(bytes_read.statistics.histograms()[c].counts, bytes.statistics.histograms()[c].counts);
  }
  EXPECT_EQ(bytes_read.provenance.fingerprint, bytes.provenance.fingerprint);
  const StatisticsFile floats = of_floats();
  const StatisticsFile floats_read = parse_statistics(to_json(floats), "s.json");
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_EQ(std::memcmp(&floats_read.statistics.floats()[c], &floats.statistics.floats()[c], sizeof(FloatChannel)),
              0);
  }
}

TEST(StatisticsFileTest, EveryTypeComesBack) {
  for (const DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::u8}) {
    const StatisticsFile file = parse_statistics(to_json(measured(Tensor(dtype, {3}), {})), "s.json");
    EXPECT_EQ(file.provenance.dtype, dtype);
    EXPECT_EQ(file.provenance.shape, Dims({3}));
    EXPECT_EQ(file.provenance.channel_axis, -1);
    EXPECT_EQ(file.scale(), dtype == DType::u8 ? 255 : 1);
  }
}

TEST(StatisticsFileTest, TheTextIsStable) {
  Tensor x(DType::f32, {2});
  x.data<float>()[0] = 0.5F;
  x.data<float>()[1] = 2;
  StatisticsFile file = measured(x, {-1, "val"});
  file.provenance.poise_version = "1.2.3";
  EXPECT_EQ(to_json(file), R"({
  "schema": "poise.stats/1",
  "poise": "1.2.3",
  "source": {
    "name": "x.npy",
    "format": "npy",
    "compression": "none",
    "dtype": "f32",
    "shape": [2],
    "fingerprint": "xxh3-128:5f3d82384500685e8dcb6c5996c80956",
    "images": null
  },
  "samples": {
    "seen": 2,
    "used": 2,
    "skipped": 0,
    "failed": 0,
    "failures": [],
    "hashes": null
  },
  "split": "val",
  "channel_axis": null,
  "per": "channel",
  "scale": 1.0,
  "estimator": "pixel",
  "weight": "pixel",
  "sizes": null,
  "classes": null,
  "outliers": null,
  "channels": [
    {
      "count": 2,
      "mean": 1.25,
      "std": 0.75,
      "std_sample": 1.0606601717798212,
      "min": 0.5,
      "max": 2.0,
      "nan": 0,
      "positive_infinity": 0,
      "negative_infinity": 0,
      "state": {
        "count": 2,
        "mean": 1.25,
        "m2": 1.125,
        "min": 0.5,
        "max": 2.0
      }
    }
  ]
}
)");
}

TEST(StatisticsFileTest, ANameThatIsNoUtf8StaysReadable) {
  StatisticsFile file = of_bytes();
  file.provenance.name = "caf\xe9\n\"";
  EXPECT_EQ(parse_statistics(to_json(file), "s.json").provenance.name, "caf\xef\xbf\xbd\n\"");
}

TEST(StatisticsFileTest, EveryPrefixIsRefused) {
  const std::string text = to_json(of_floats());
  for (std::size_t bytes = 0; bytes + 1 < text.size(); ++bytes) {
    EXPECT_TRUE(throws(Code::data, "s.json: expected JSON", [&] { parse_statistics(text.substr(0, bytes), "s.json"); }))
        << bytes;
  }
}

struct Change {
  const char* at;  // JSON pointer
  const char* value;
  const char* message;
};

void expect_refused(const StatisticsFile& file, const std::vector<Change>& changes) {
  const auto good = nlohmann::ordered_json::parse(to_json(file));
  for (const Change& change : changes) {
    auto bad = good;
    bad[nlohmann::ordered_json::json_pointer(change.at)] = nlohmann::ordered_json::parse(change.value);
    EXPECT_TRUE(throws(Code::data, change.message, [&] { parse_statistics(bad.dump(), "s.json"); }))
        << change.at << " = " << change.value;
  }
}

TEST(StatisticsFileTest, EveryMissingEntryThatIsNeededIsNamed) {
  for (const StatisticsFile& file : {of_bytes(), of_floats()}) {
    const auto good = nlohmann::ordered_json::parse(to_json(file)).flatten();
    std::size_t removed = 0;
    for (const auto& [pointer, value] : good.items()) {
      // Derived and for readers only; counts and sizes are checked below.
      if (pointer.find("unit") != std::string::npos || pointer.find("quantiles") != std::string::npos) continue;
      if (pointer.find("share_of") != std::string::npos || pointer.find("counts") != std::string::npos) continue;
      if (pointer.find("shape") != std::string::npos) continue;
      auto bad = nlohmann::ordered_json::parse(to_json(file));
      const nlohmann::ordered_json::json_pointer place(pointer);
      bad[place.parent_pointer()].erase(place.back());
      EXPECT_TRUE(throws(Code::data, "got nothing", [&] { parse_statistics(bad.dump(), "s.json"); })) << pointer;
      ++removed;
    }
    EXPECT_GT(removed, 30U);
  }
}

TEST(StatisticsFileTest, BadProvenanceIsNamed) {
  expect_refused(of_bytes(),
                 {
                     {"/schema", "\"poise.stats/2\"", "schema: expected poise.stats/1, got 'poise.stats/2'"},
                     {"/schema", "1", "schema: expected a text, got 1"},
                     {"/source", "[]", "source: expected an object, got []"},
                     {"/source/dtype", "\"i16\"", "source.dtype: expected"},
                     {"/source/shape", "[4, 3, -5]", "source.shape: expected whole numbers"},
                     {"/source/shape", "[4, 3, 5.5]", "source.shape: expected whole numbers"},
                     {"/source/shape", "[4, 3, 0]", "source.shape: expected at most 8 sizes above 0"},
                     {"/source/shape", "[1,1,1,1,1,1,4,3,5]", "source.shape: expected at most 8"},
                     {"/source/shape", "[4, 3, 9223372036854775807]", "source.shape: expected at most 8"},
                     {"/source/fingerprint", "\"xxh3-128:12\"", "source.fingerprint: expected"},
                     {"/source/fingerprint", "\"md5:0123456789abcdef0123456789abcdef\"", "source.fing"},
                     {"/samples/used", "5", "samples.seen: expected used + skipped + failed"},
                     {"/samples/failed", "1", "samples.seen: expected used + skipped + failed"},
                     {"/samples/skipped", "18446744073709551615", "samples.seen: expected"},
                     {"/split", "\"dev\"", "split: expected train, val, test or null, got dev"},
                     {"/channel_axis", "3", "channel_axis: expected an axis of shape 4x3x5 or null"},
                     {"/channel_axis", "2", "channels: expected 5 of them, got 3"},
                     {"/channel_axis", "null", "channels: expected 1 of them, got 3"},
                     {"/scale", "1", "scale: expected 255 for u8"},
                     {"/channels", "{}", "channels: expected an array, got {}"},
                     {"/channels/1", "7", "channels[1]: expected an object, got 7"},
                 });
}

TEST(StatisticsFileTest, AStateThatContradictsItselfIsNamed) {
  expect_refused(of_bytes(), {
                                 {"/channels/0/state/counts/0", "1000", "channels[0].state: expected 20 values"},
                                 {"/channels/0/state/counts/0", "-1", "channels[0].state.counts: expected whole"},
                                 {"/channels/0/state/counts/0", "9223372036854775807", "a sum below 2^63"},
                                 {"/channels/0/state/counts", "[1, 2]", "expected 256 counts, got 2"},
                                 {"/channels/2/count", "21", "channels[2].count: expected 20"},
                                 {"/channels/2/mean", "100.5", "channels[2].mean: expected"},
                                 {"/channels/2/std", "null", "channels[2].std: expected"},
                                 {"/channels/2/std_sample", "null", "channels[2].std_sample: expected"},
                                 {"/channels/2/min", "3", "channels[2].min: expected"},
                                 {"/channels/2/max", "\"x\"", "channels[2].max: expected a number"},
                             });
  expect_refused(of_floats(), {
                                  {"/channels/0/state/m2", "-1", "state.m2: expected at least 0"},
                                  {"/channels/0/state/m2", "2.5", "channels[0].std: expected"},
                                  {"/channels/0/state/mean", "50", "state.mean: expected a value from min to max"},
                                  {"/channels/0/state/max", "-1", "state.mean: expected a value from min to max"},
                                  {"/channels/0/state/max", "2", "channels[0].max: expected 2"},
                                  {"/channels/0/state/count", "6", "channels[0].state: expected 6 values"},
                                  {"/channels/0/state/count", "18446744073709551615", "below 2^63"},
                                  {"/channels/1/nan", "0", "channels[1].state: expected 6 values"},
                                  {"/channels/1/nan", "null", "channels[1].nan: expected a whole number"},
                              });
}

TEST(StatisticsFileTest, OtherTextsAreRefused) {
  for (const char* text : {"", "[]", "null", "{", "{}", "{\"schema\": \"poise.stats/1\"}", "\xff\xfe", "1e999"}) {
    EXPECT_TRUE(throws(Code::data, "[stats] s.json", [&] { parse_statistics(text, "s.json"); })) << text;
  }
  // Nested a million deep.
  EXPECT_TRUE(throws(Code::data, "s.json", [] { parse_statistics(std::string(1'000'000, '['), "s.json"); }));
}

TEST(StatisticsFileTest, FilesAreReadFromDiskOnlyWhenTheyCanBeStatistics) {
  const TempFolder folder;
  const std::string text = to_json(of_bytes());
  EXPECT_EQ(to_json(read_statistics(folder.write("s.json", text))), text);
  EXPECT_TRUE(throws(Code::io, "No such file", [&] { read_statistics(folder / "none"); }));
  EXPECT_TRUE(throws(Code::io, "a folder", [&] { read_statistics(folder / ""); }));
  EXPECT_TRUE(throws(Code::data, "other data", [&] { read_statistics(folder.write("s", "\x1f\x8b\x08")); }));
  const std::string large = folder.write("large", "");
  std::filesystem::resize_file(large, std::uintmax_t{1} << 40);
  EXPECT_TRUE(throws(Code::data, "1099511627776 bytes of other data", [&] { read_statistics(large); }));
}

}  // namespace
}  // namespace poise
