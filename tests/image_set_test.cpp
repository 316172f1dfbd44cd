// Sets of images: folders, archives, CIFAR and npz files. The same bytes for every number of threads, container, order
// and division; what is damaged is counted and named; what needs a decision is refused.

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>

#include "data/scan.h"

#include <gtest/gtest.h>

#include "data/colour.h"
#include "image_files.h"
#include "io/image.h"
#include "io/npz.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::content;
using test::TempFolder;
using test::throws;
namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>;

std::string random_pnm(std::mt19937& random, int height, int width, int channels) {
  std::string file =
      std::string(channels == 3 ? "P6 " : "P5 ") + std::to_string(width) + " " + std::to_string(height) + " 255\n";
  for (int i = 0; i < height * width * channels; ++i) file += static_cast<char>(random());
  return file;
}

// Three classes, sizes that differ, and a file that is no image.
Files some_images(int channels = 3) {
  std::mt19937 random(1);
  Files files;
  const char* classes[] = {"bird/", "cat/", "dog/inner/"};
  for (int i = 0; i < 37; ++i) {
    const std::string name = classes[i % 3] + std::to_string(i * 7 % 37) + ".pnm";
    files[name] = random_pnm(random, 3 + i % 4, 5 + i % 3 * 9, channels);
  }
  files["notes.txt"] = "no image";
  return files;
}

std::string write_folder(const TempFolder& folder, const std::string& name, const Files& files) {
  for (const auto& [path, bytes] : files) {
    fs::create_directories(fs::path(folder / (name + "/" + path)).parent_path());
    folder.write(name + "/" + path, bytes);
  }
  return folder / name;
}

std::string write_tar(const TempFolder& folder, const std::string& name, const Files& files, int filter) {
  archive* tar = archive_write_new();
  archive_write_set_format_ustar(tar);
  archive_write_add_filter(tar, filter);
  archive_write_open_filename(tar, (folder / name).c_str());
  for (const auto& [path, bytes] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_write_header(tar, entry);
    archive_write_data(tar, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(tar);
  archive_write_free(tar);
  return folder / name;
}

ImageScan scan_path(const std::string& path, const ScanOptions& options = {}) {
  const OpenedData data = open_data_set(path, {{}, {}, options.shard});
  if (data.images) return scan(*data.images, options);
  return {scan(*data.arrays, options), 0, 0, {}};
}

// What is left when the container's own words are taken away.
std::string json_of(ImageScan scan) {
  Provenance& p = scan.file.value().provenance;
  p.name = p.format = p.compression = "";
  scan.file->outliers.reset();
  scan.file->failures = {};
  return to_json(*scan.file);
}

TEST(ImageSetTest, EveryNumberOfThreadsGivesTheSameBytes) {
  const TempFolder folder;
  Files files = some_images();
  files["cat/broken.png"] = "\x89PNG\r\n\x1a\n";
  const std::string path = write_folder(folder, "photos", files);
  ScanOptions options;
  options.samples = true;
  const std::string expected = to_json(*scan_path(path, options).file);
  for (const int threads : {2, 3, 7}) {
    options.threads = threads;
    for (int repeat = 0; repeat < 5; ++repeat) EXPECT_EQ(to_json(*scan_path(path, options).file), expected) << threads;
  }
}

TEST(ImageSetTest, CountsAgreeWithTheDefinition) {
  const TempFolder folder;
  const Files files = some_images();
  const ImageScan scan = scan_path(write_folder(folder, "photos", files));
  const StatisticsFile& file = scan.file.value();
  EXPECT_EQ(file.provenance.seen, 38U);
  EXPECT_EQ(file.provenance.used, 37U);
  EXPECT_EQ(file.provenance.skipped, 1U);
  EXPECT_EQ(file.provenance.failed, 0U);
  EXPECT_EQ(file.classes.value().by_name.size(), 3U);
  EXPECT_EQ(file.sizes.value().images(), 37U);
  std::array<std::array<std::uint64_t, 256>, 3> counts{};
  long double stds = 0, variances = 0, means = 0, cats = 0, cat_values = 0;
  for (const auto& [name, bytes] : files) {
    if (!name.ends_with(".pnm")) continue;
    const std::string pixels = bytes.substr(bytes.find('\n') + 1);
    long double sum = 0, squares = 0;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const auto value = static_cast<unsigned char>(pixels[i]);
      ++counts[i % 3][value];
      if (i % 3 != 1) continue;
      sum += value;
      squares += static_cast<long double>(value) * value;
    }
    const auto n = static_cast<long double>(pixels.size() / 3);
    means += sum / n;
    variances += squares / n - sum / n * (sum / n);
    stds += std::sqrt(squares / n - sum / n * (sum / n));
    if (name.starts_with("cat/")) cats += sum, cat_values += n;
  }
  for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(file.statistics.histograms()[c].counts, counts[c]);
  // Each of the 37 sums rounds once to 2^-40, which is far more than float64 loses.
  const double bound = 0x1p-40;
  const SampleMoments& own = file.statistics.samples()[1];
  EXPECT_NEAR(own.mean_of_means(), static_cast<double>(means / 37), bound);
  EXPECT_NEAR(own.mean_of_std(), static_cast<double>(stds / 37), bound);
  EXPECT_NEAR(own.sqrt_mean_var(), static_cast<double>(std::sqrt(variances / 37)), bound);
  EXPECT_EQ(file.classes->by_name.at("cat").mean(1), static_cast<double>(cats / cat_values));
  EXPECT_EQ(scan_path(folder / "photos", {.weight = Weight::image}).file->weight, Weight::image);
}

TEST(ImageSetTest, FoldersAndArchivesOfTheSameImagesAgree) {
  const TempFolder folder;
  const Files files = some_images();
  const std::string expected = json_of(scan_path(write_folder(folder, "photos", files)));
  for (const int filter : {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD}) {
    const ImageScan scan = scan_path(write_tar(folder, "photos.any", files, filter));
    EXPECT_EQ(json_of(scan), expected) << filter;
  }
}

TEST(ImageSetTest, ShuffledOrdersAgree) {
  const TempFolder folder;
  const Files files = some_images();
  const std::string expected = json_of(scan_path(write_folder(folder, "photos", files)));
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files) names.push_back(name);
  std::mt19937 random(2);
  for (int repeat = 0; repeat < 3; ++repeat) {
    std::shuffle(names.begin(), names.end(), random);
    Files shuffled;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string label = names[i].substr(0, names[i].find('/') + 1);
      shuffled[label + "n" + std::to_string(random()) + (names[i].ends_with(".txt") ? ".txt" : ".pnm")] =
          files.at(names[i]);
    }
    EXPECT_EQ(json_of(scan_path(write_folder(folder, "s" + std::to_string(repeat), shuffled))), expected);
  }
}

TEST(ImageSetTest, FiveShardsInAnyOrderMergeIntoTheWhole) {
  const TempFolder folder;
  Files files = some_images();
  files["dog/cut.png"] = "\x89PNG\r\n\x1a\n";
  const std::string path = write_folder(folder, "photos", files);
  const std::string tar = write_tar(folder, "photos.tar", files, ARCHIVE_FILTER_NONE);
  ScanOptions options;
  options.samples = true;
  for (const std::string& data : {path, tar}) {
    const std::string expected = to_json(*scan_path(data, options).file);
    for (const auto& order : {std::array{0, 1, 2, 3, 4}, std::array{3, 1, 4, 0, 2}}) {
      std::optional<StatisticsFile> whole;
      for (const int index : order) {
        options.shard = {index, 5};
        const StatisticsFile part = parse_statistics(to_json(*scan_path(data, options).file), "part");
        whole ? merge(*whole, part) : void(whole = part);
      }
      options.shard = {};
      EXPECT_EQ(to_json(*whole), expected);
    }
  }
}

TEST(ImageSetTest, TheFileComesBackFromItsText) {
  const TempFolder folder;
  const std::string path = write_folder(folder, "photos", some_images());
  for (const Grouping per : {Grouping::channel, Grouping::all}) {
    ScanOptions options;
    options.per = per;
    options.samples = per == Grouping::all;
    const std::string text = to_json(*scan_path(path, options).file);
    EXPECT_EQ(to_json(parse_statistics(text, "s.json")), text);
  }
}

TEST(ImageSetTest, PixelsHaveExactSums) {
  const TempFolder folder;
  std::mt19937 random(3);
  Files files;
  for (int i = 0; i < 11; ++i) files[std::to_string(i) + ".ppm"] = random_pnm(random, 4, 5, 3);
  ScanOptions options;
  options.per = Grouping::pixel;
  options.threads = 3;
  const ImageScan scan = scan_path(write_folder(folder, "photos", files), options);
  const StatisticsFile& file = scan.file.value();
  ASSERT_EQ(file.statistics.channels(), 60);
  for (std::size_t i = 0; i < 60; ++i) {
    IntegerSums expected;
    for (const auto& [name, bytes] : files) {
      expected.add(static_cast<unsigned char>(bytes[bytes.find('\n') + 1 + i]));
    }
    EXPECT_EQ(file.statistics.sums()[i].sum, expected.sum);
    EXPECT_EQ(file.statistics.sums()[i].sum_squares, expected.sum_squares);
    EXPECT_EQ(file.statistics.sums()[i].min, expected.min);
    EXPECT_EQ(file.statistics.sums()[i].max, expected.max);
  }
  EXPECT_EQ(to_json(parse_statistics(to_json(file), "s.json")), to_json(file));
  files["larger.ppm"] = random_pnm(random, 5, 5, 3);
  EXPECT_TRUE(throws(Code::data, "5 x 4 3 channels of 8 bits",
                     [&] { scan_path(write_folder(folder, "mixed", files), options); }));
}

TEST(ImageSetTest, SixteenBitsAreCountedExactly) {
  const TempFolder folder;
  std::string file = "P5 3 2 65535\n";
  for (const int value : {0, 65535, 256, 255, 40000, 40000})
    file += {static_cast<char>(value >> 8), static_cast<char>(value)};
  const ImageScan scan = scan_path(folder.write("deep.pgm", file));
  const Counts counts = scan.file.value().statistics.counts(0);
  ASSERT_EQ(counts.size(), 65536U);
  EXPECT_EQ(counts[0], 1U);
  EXPECT_EQ(counts[255], 1U);
  EXPECT_EQ(counts[256], 1U);
  EXPECT_EQ(counts[40000], 2U);
  EXPECT_EQ(counts[65535], 1U);
  EXPECT_EQ(scan.file->scale(), 65535);
  const std::string text = to_json(*scan.file);
  EXPECT_EQ(to_json(parse_statistics(text, "s.json")), text);
}

TEST(ImageSetTest, MixedKindsAreRefusedWithoutAMode) {
  const TempFolder folder;
  Files files = some_images(3);
  std::mt19937 random(4);
  files["cat/z.pgm"] = random_pnm(random, 2, 2, 1);
  const std::string path = write_folder(folder, "photos", files);
  for (const int threads : {1, 3}) {
    ScanOptions options;
    options.threads = threads;
    EXPECT_TRUE(throws(Code::data, "photos/bird/0.pnm) and 1 channel of 8 bits (", [&] { scan_path(path, options); }));
    options.mode = ColourMode::grey;
    EXPECT_EQ(scan_path(path, options).file.value().statistics.channels(), 1);
    options.mode = ColourMode::rgb;
    EXPECT_EQ(scan_path(path, options).file.value().statistics.channels(), 3);
  }
}

TEST(ImageSetTest, TransparencyNeedsADecision) {
  const TempFolder folder;
  const auto png = [](std::uint8_t alpha) {
    Image image{1, 2, 4, 8, {}};
    for (const int v : {10, 20, 30, 255, 40, 50, 60, int{alpha}}) image.pixels.push_back(static_cast<std::byte>(v));
    const std::vector<std::byte> bytes = encode_png(image);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  EXPECT_EQ(scan_path(folder.write("opaque.png", png(255))).file.value().statistics.channels(), 3);
  const std::string path = folder.write("clear.png", png(7));
  EXPECT_TRUE(throws(Code::data, "clear.png, which is partly transparent", [&] { scan_path(path); }));
  EXPECT_EQ(scan_path(path, {.alpha = Alpha::drop}).file.value().statistics.channels(), 3);
  const ImageScan kept = scan_path(path, {.alpha = Alpha::keep});
  EXPECT_EQ(kept.file.value().statistics.channels(), 4);
  EXPECT_EQ(kept.file->statistics.histograms()[3].counts[7], 1U);
}

TEST(ImageSetTest, ColourIsConvertedAsDocumented) {
  Image image{1, 1, 3, 8, {std::byte{200}, std::byte{100}, std::byte{50}}};
  ASSERT_TRUE(convert_colour(image, ColourMode::grey, Alpha::opaque));
  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
  EXPECT_EQ(image.pixels, std::vector<std::byte>{std::byte{124}});
  ASSERT_TRUE(convert_colour(image, ColourMode::rgb, Alpha::opaque));
  EXPECT_EQ(image.pixels, std::vector<std::byte>(3, std::byte{124}));
  for (int v = 0; v < 256; ++v) {
    Image grey{1, 1, 3, 8, std::vector<std::byte>(3, static_cast<std::byte>(v))};
    convert_colour(grey, ColourMode::grey, Alpha::opaque);
    EXPECT_EQ(std::to_integer<int>(grey.pixels[0]), v);
  }
}

TEST(ImageSetTest, WhatIsDamagedIsCountedAndNamed) {
  const TempFolder folder;
  Files files = some_images();
  files["cat/empty.jpg"] = "";
  files["dog/text.PNG"] = "not a png";
  files["dog/cut.pnm"] = files.at("bird/0.pnm").substr(0, 20);
  for (const std::string& path :
       {write_folder(folder, "photos", files), write_tar(folder, "photos.tar", files, ARCHIVE_FILTER_NONE)}) {
    const ImageScan scan = scan_path(path, {.threads = 3});
    EXPECT_EQ(scan.failed, 3U);
    ASSERT_EQ(scan.failures.list.size(), 3U);
    EXPECT_TRUE(scan.failures.list[0].name.ends_with("cat/empty.jpg"));
    EXPECT_TRUE(scan.failures.list[0].path.ends_with("cat/empty.jpg"));
    EXPECT_TRUE(scan.failures.list[1].name.ends_with("dog/cut.pnm"));
    EXPECT_TRUE(scan.failures.list[2].name.ends_with("dog/text.PNG"));
    const Provenance& p = scan.file.value().provenance;
    EXPECT_EQ(p.seen, p.used + p.skipped + p.failed);
    EXPECT_EQ(p.failed, 3U);
  }
}

TEST(ImageSetTest, OnlyDamagedImagesAreNoStatistics) {
  const TempFolder folder;
  ImageScan bad = scan_path(write_folder(folder, "bad", {{"a.png", "x"}, {"b.txt", ""}}));
  EXPECT_FALSE(bad.file.has_value());
  EXPECT_EQ(bad.failed, 1U);
  EXPECT_EQ(bad.skipped, 1U);
  const std::string good = write_folder(folder, "good", some_images());
  // They count whichever side they come from.
  ImageScan first = bad, second = scan_path(good);
  first.merge(scan_path(good));
  second.merge(std::move(bad));
  EXPECT_EQ(to_json(first.file.value()), to_json(second.file.value()));
  EXPECT_EQ(first.file->provenance.failed, 1U);
  EXPECT_EQ(first.file->provenance.seen, 40U);
}

TEST(ImageSetTest, AnArchiveThatIsCutAnywhereIsNeverTakenForAWholeOne) {
  const TempFolder folder;
  std::mt19937 random(5);
  const Files files = {{"a.ppm", random_pnm(random, 2, 2, 3)}, {"b.ppm", random_pnm(random, 2, 2, 3)}};
  for (const int filter : {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD}) {
    const std::string whole = content(write_tar(folder, "whole", files, filter));
    // All of the first headers, then of every kind.
    for (std::size_t bytes = 0; bytes + 1024 < whole.size() || (filter > 0 && bytes < whole.size());
         bytes += bytes < 700 ? 1 : 61) {
      const std::string path = folder.write("cut", whole.substr(0, bytes));
      try {
        EXPECT_GT(scan_path(path).failed, 0U) << filter << " at " << bytes;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::data) << error.what();
      }
    }
  }
}

TEST(ImageSetTest, MembersWithoutAnImageAreOneSkippedSample) {
  const TempFolder folder;
  const std::string image = some_images().at("bird/0.pnm");
  const ImageScan scan = scan_path(write_tar(folder, "shard.tar",
                                             {{"0001.cls", "3"},
                                              {"0001.json", "{}"},
                                              {"0001.pnm", image},
                                              {"0002.cls", "4"},
                                              {"0002.json", "{}"},
                                              {"0003.seg.pnm", image}},
                                             ARCHIVE_FILTER_NONE));
  EXPECT_EQ(scan.file.value().provenance.used, 2U);
  EXPECT_EQ(scan.file->provenance.skipped, 1U);
}

TEST(ImageSetTest, LinksLeadNowhereOutside) {
  const TempFolder folder;
  const std::string path = write_folder(folder, "photos", some_images());
  write_folder(folder, "elsewhere", {{"secret.pnm", some_images().at("bird/0.pnm")}});
  fs::create_symlink(folder / "elsewhere/secret.pnm", path + "/out.pnm");
  fs::create_symlink("..", path + "/cat/up");
  fs::create_symlink("nowhere", path + "/broken.pnm");
  fs::create_symlink("bird/0.pnm", path + "/inside.pnm");
  const ImageScan scan = scan_path(path);
  EXPECT_EQ(scan.file.value().provenance.used, 38U);
  EXPECT_EQ(scan.skipped, 4U);
}

TEST(ImageSetTest, FilesComeInTheOrderOfTheirPathsBytes) {
  const TempFolder folder;
  const std::string image = some_images().at("bird/0.pnm");
  const Files files = {{"a-b.pnm", image}, {"a/b.pnm", image}, {"a/B.pnm", image}, {"a.pnm", image}, {"a0.pnm", image}};
  const auto source = open_folder(write_folder(folder, "photos", files), {});
  EncodedImage got;
  for (const auto& [name, bytes] : files) {
    ASSERT_TRUE(source->next(got));
    EXPECT_EQ(got.name, name);
  }
  EXPECT_FALSE(source->next(got));
}

TEST(ImageSetTest, ShardsAreNamedFromOne) {
  EXPECT_EQ(Shard::parse("2/5").index, 1);
  EXPECT_EQ(Shard::parse("5/5").count, 5);
  for (const char* text : {"", "0/5", "6/5", "1", "1/", "/5", "1/5x", "a/b", "-1/5"}) {
    EXPECT_TRUE(throws(Code::usage, "expected I/N", [&] { Shard::parse(text); })) << text;
  }
}

TEST(CifarTest, RecordsAreImagesByChannel) {
  const TempFolder folder;
  std::string ten, hundred;
  for (int i = 0; i < 3; ++i) {
    std::string pixels;
    for (int k = 0; k < 3072; ++k) pixels += static_cast<char>(k / 1024 * 50 + i);
    ten += static_cast<char>(i) + pixels;
    hundred += std::string{static_cast<char>(i), static_cast<char>(99)} + pixels;
  }
  for (const std::string& path : {folder.write("data_batch_1.bin", ten), folder.write("train.bin", hundred)}) {
    const OpenedData data = open_data_set(path);
    const StatisticsFile file = scan(*data.arrays, {1, std::nullopt});
    EXPECT_EQ(file.provenance.shape, Dims({3, 3, 32, 32}));
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(file.statistics.histograms()[c].counts[c * 50 + i], 1024U);
    }
  }
  ten[3073] = 10;
  EXPECT_TRUE(throws(Code::data, "labels below 10, got 10", [&] {
    scan(*open_data_set(folder.write("test_batch.bin", ten)).arrays, {1, std::nullopt});
  }));
  EXPECT_TRUE(throws(Code::data, "got bytes", [&] { open_data_set(folder.write("other.bin", ten)); }));
  EXPECT_TRUE(throws(Code::data, "got bytes", [&] { open_data_set(folder.write("test_batch", ten + "x")); }));
}

TEST(NpzSourceTest, ArraysAreReadByName) {
  const TempFolder folder;
  Tensor a(DType::u8, {4, 2}), b(DType::f32, {3});
  a.data<std::uint8_t>()[5] = 9;
  b.data<float>()[1] = 2;
  const NpzMember members[] = {{"a", a}, {"b", b}};
  const std::string path = folder / "x.npz";
  write_npz(path, members, false);
  EXPECT_EQ(open_data_set(path).arrays->info().shape, Dims({4, 2}));
  const OpenedData named = open_data_set(path, {{}, "b", {}});
  EXPECT_EQ(scan(*named.arrays).statistics.summary(0).max, 2);
  EXPECT_TRUE(throws(Code::data, "expected an array named c, got a, b", [&] { open_data_set(path, {{}, "c", {}}); }));
}

}  // namespace
}  // namespace poise
