// poise_bench_data: data sets, from files in a temporary folder (TMPDIR=/dev/shm measures no
// disk). Images: the rate predicted from decoding alone and counting alone, the rate of poise stats,
// and that of the usual recipe in Python where Pillow and numpy are found. Arrays: stats in bytes a second on one
// thread; apply against a copy of the same bytes between the same files. Medians of turns. Ends with
// `N passed, N failed` over the goals.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "bench/timing.h"
#include "data/apply.h"
#include "data/formats.h"
#include "data/scan.h"
#include "data/tally.h"
#include "image_files.h"
#include "temp_folder.h"

namespace poise::bench {
namespace {

constexpr int photos = 240, turns = 7;

// What is measured against a goal: at least so much.
struct Result {
  std::string what;
  double value = 0, goal = 0;
};
std::vector<Result> results;

// 500 x 375 pixels of slopes and noise, whose JPEG has about the bytes of a photograph's.
Image photo(unsigned seed) {
  Image image = test::pattern(375, 500, 3);
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const std::size_t x = i / 3 % 500, y = i / 1500;
    const auto noise = static_cast<unsigned>(random() >> 28);
    image.pixels[i] = static_cast<std::byte>((x / 4 + y / 3 * (i % 3 + 1) / 2 + noise + seed) % 256);
  }
  return image;
}

// f(i) for every i, on the threads.
void spread(int threads, int count, const auto& f) {
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (int i = t; i < count; i += threads) f(i, t);
    });
  }
  for (std::thread& worker : workers) worker.join();
}

void measure_images(const std::string& folder, int threads) {
  std::vector<std::string> files(photos);
  std::vector<Image> images(photos);
  for (int i = 0; i < photos; ++i) {
    const auto at = static_cast<std::size_t>(i);
    files[at] = test::jpeg_file(photo(static_cast<unsigned>(i)), 90);
    std::ofstream(fmt::format("{}/{:03}.jpg", folder, i), std::ios::binary) << files[at];
  }
  std::vector<double> decodes, counts, scans;
  for (int turn = 0; turn < turns; ++turn) {
    decodes.push_back(seconds([&] {
      spread(threads, photos, [&](int i, int) {
        const auto at = static_cast<std::size_t>(i);
        decode_image(images[at], std::as_bytes(std::span(files[at])), "photo");
      });
    }));
    counts.push_back(seconds([&] {
      std::vector<Tally> tallies(static_cast<std::size_t>(threads),
                                 Tally(DType::u8, ChannelLayout{3, 1}, 0, Grouping::channel, true));
      spread(threads, photos, [&](int i, int t) {
        tallies[static_cast<std::size_t>(t)].add(images[static_cast<std::size_t>(i)].pixels);
      });
    }));
    scans.push_back(seconds([&] {
      const ScanOptions options{.threads = threads};
      if (!scan(*open_data_set(folder).images, options).file) std::abort();
    }));
  }
  const double decode = median(decodes), count = median(counts), scanned = median(scans);
  fmt::print(
      "JPEG, {} photos of 500 x 375, {} threads: decoding {:.0f}/s, counting {:.0f}/s, predicted {:.0f}/s, poise "
      "stats {:.0f}/s\n",
      photos, threads, photos / decode, photos / count, photos / (decode + count), photos / scanned);
  results.push_back(
      {fmt::format("JPEG on {} threads, of the rate predicted", threads), (decode + count) / scanned, 0.95});
  if (threads == 1) return;
  const std::string recipe =
      fmt::format("/usr/bin/python3 {}/bench/data/recipe.py {} > /dev/null 2>&1", POISE_SOURCE_DIR, folder);
  std::vector<double> recipes;
  for (int turn = 0; turn < 3; ++turn) {
    recipes.push_back(seconds([&] {
      if (std::system(recipe.c_str()) != 0) recipes.push_back(0);
    }));
  }
  if (*std::min_element(recipes.begin(), recipes.end()) == 0) {
    fmt::print("the recipe in Python: not measured, Pillow and numpy are not installed\n");
    return;
  }
  fmt::print("the recipe in Python: {:.0f}/s\n", photos / median(recipes));
  results.push_back({"JPEG, times the recipe in Python", median(recipes) / scanned, 8});
}

// 60,000 samples of 28 x 28.
Tensor values(DType type) {
  Tensor x(type, {60'000, 28, 28});
  std::mt19937 random(1);
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    const auto value = static_cast<std::uint8_t>(random() >> 24 & random() >> 24);
    if (type == DType::u8) x.data<std::uint8_t>()[i] = value;
    if (type == DType::f32) x.data<float>()[i] = value;
  }
  return x;
}

void write_idx(const std::string& path, const Tensor& x) {
  std::ofstream file(path, std::ios::binary);
  file.write("\0\0\x08\3\0\0\xea\x60\0\0\0\x1c\0\0\0\x1c", 16);
  file.write(x.data<char>(), static_cast<std::streamsize>(x.bytes()));
}

void measure_stats(const std::string& path, const std::string& what) {
  const double bytes = static_cast<double>(std::filesystem::file_size(path));
  std::vector<double> times;
  for (int turn = 0; turn < turns; ++turn) {
    times.push_back(seconds([&] { scan(*open_data_source(path), {.threads = 1}); }));
  }
  fmt::print("stats of {}: {:.2f} GB/s on one thread\n", what, bytes / median(times) / 1e9);
  results.push_back({"stats of " + what + ", GB/s", bytes / median(times) / 1e9, 1});
}

// The least that any program does that reads one file and writes another that is there after a crash: the bytes, in
// blocks of a megabyte.
void copy_bytes(const std::string& from, const std::string& to, std::size_t bytes_out) {
  const int in = open(from.c_str(), O_RDONLY), out = open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const std::size_t bytes_in = std::filesystem::file_size(from);
  const std::size_t blocks = bytes_in >> 20;
  std::vector<char> block(1 << 20), written(bytes_out / blocks);
  for (std::size_t i = 0; i < blocks; ++i) {
    if (read(in, block.data(), block.size()) < 0 || write(out, written.data(), written.size()) < 0) std::abort();
  }
  if (fsync(out) != 0) std::abort();
  close(in);
  close(out);
}

void measure_apply(const std::string& folder, const std::string& path, const std::string& what, DType y) {
  const StatisticsFile file = scan(*open_data_source(path));
  std::vector<double> times, limits;
  for (int turn = 0; turn < turns; ++turn) {
    const auto source = open_data_source(path);
    const Scaling scaling = scaling_of(file, Method::zscore, source->info(), -1);
    limits.push_back(seconds([&] {
      copy_bytes(path, folder + "/copy", static_cast<std::size_t>(source->info().shape.product()) * size_of(y));
    }));
    std::filesystem::remove(folder + "/copy");
    times.push_back(seconds([&] {
      Context context;
      NpyWriter output(folder + "/y.npy", y, source->info().shape, true);
      apply(*source, scaling, -1, y, output, context);
      output.commit();
    }));
    std::filesystem::remove(folder + "/y.npy");
  }
  fmt::print("apply {}: {:.1f} ms, the copy {:.1f} ms\n", what, median(times) * 1e3, median(limits) * 1e3);
  results.push_back({"apply " + what + ", of the copy's rate", median(limits) / median(times), 0.8});
}

void run(const std::string& folder) {
  const int cores = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  std::filesystem::create_directory(folder + "/photos");
  measure_images(folder + "/photos", 1);
  if (cores > 1) measure_images(folder + "/photos", cores);
  const Tensor bytes = values(DType::u8), floats = values(DType::f32);
  write_idx(folder + "/u8.idx", bytes);
  write_npy(folder + "/u8.npy", bytes, false);
  write_npy(folder + "/f32.npy", floats, false);
  measure_stats(folder + "/u8.idx", "IDX, u8");
  measure_stats(folder + "/u8.npy", "npy, u8");
  measure_stats(folder + "/f32.npy", "npy, f32");
  measure_apply(folder, folder + "/u8.npy", "u8 to f32", DType::f32);
  measure_apply(folder, folder + "/f32.npy", "f32 to f32", DType::f32);
}

}  // namespace
}  // namespace poise::bench

int main() {
  using namespace poise::bench;
  const poise::test::TempFolder folder;
  run(folder / "");
  int passed = 0, failed = 0;
  for (const Result& r : results) {
    ++(r.value >= r.goal ? passed : failed);
    fmt::print("{:<45} {:6.2f}   goal {}{}\n", r.what, r.value, r.goal, r.value >= r.goal ? "" : "   MISSED");
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
