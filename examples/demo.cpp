// demo [IMAGES.npy]: every technique of the table on batches of images, one line each: its cell, mean and deviation of
// what it wrote, its time, and how much of that time the memory needs anyway (the limit probe, which copies the same
// bytes in the same loop). IMAGES.npy: float32 images of Fashion-MNIST, normalized by the training set's statistics;
// without it, random ones.

#include <poise/poise.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/probe.h"

namespace {

using poise::ConstTensorView;
using poise::Dims;
using poise::DType;
using poise::Tensor;
using poise::TensorView;

constexpr std::int64_t side = 28, image = side * side, bands = 4, batch_images = 4096;
constexpr const char* constants = "fashion-mnist";

Tensor random_images(std::int64_t count) {
  Tensor images(DType::f32, {count, side, side});
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::generate_n(images.data<float>(), images.elements(), [&] { return normal(random); });
  return images;
}

// Enough of the format for what `poise apply` writes: version 1, little-endian float32.
Tensor read_images(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[10] = {};
  file.read(start, sizeof start);
  const auto byte = [&](int i) { return static_cast<std::size_t>(static_cast<unsigned char>(start[i])); };
  std::string header(byte(8) + 256 * byte(9), ' ');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  long long count = 0;
  int rows = 0, columns = 0;
  const std::size_t shape = header.find("'shape'");
  if (std::memcmp(start, "\x93NUMPY\x01", 7) != 0 || header.find("'<f4'") == std::string::npos ||
      shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "'shape': (%lld, %d, %d)", &count, &rows, &columns) != 3 || rows != side ||
      columns != side) {
    throw std::runtime_error(path + ": expected float32 images of 28 x 28");
  }
  Tensor images(DType::f32, {count, side, side});
  if (!file.read(images.data<char>(), static_cast<std::streamsize>(images.bytes()))) {
    throw std::runtime_error(path + ": ends early");
  }
  return images;
}

// The bytes that the normalized images were: input scaling is invertible.
Tensor pixels_of(const Tensor& images) {
  const poise::Preset& preset = poise::preset_named(constants);
  const double center = 255 * preset.mean[0], scale = 1 / (255 * preset.std[0]);
  Tensor pixels(DType::u8, images.sizes());
  const ConstTensorView one_center(&center, Dims{}), one_scale(&scale, Dims{});
  poise::invert_scaling(pixels, images, {.channel_axis = -1, .center = one_center, .scale = one_scale});
  return pixels;
}

struct MeanStd {
  double mean = 0, std = 0;
};

template <class T>
MeanStd mean_std(const T* values, std::int64_t count) {
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]);
  const double n = static_cast<double>(count), mean = sum / n;
  for (std::int64_t i = 0; i < count; ++i) squares += std::pow(static_cast<double>(values[i]) - mean, 2);
  return {mean, std::sqrt(squares / n)};
}

// Of the processor, which on one thread is the time itself, less what other programs take.
double microseconds(auto&& f) {
  const std::clock_t start = std::clock();
  f();
  return static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC;
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

// All images, in batches that take turns, so that each is read from memory and not from a cache.
struct Batches {
  const Tensor& x;
  const Tensor& y;
  std::int64_t images = std::min(batch_images, x.sizes()[0]);
  std::int64_t count = x.sizes()[0] / images;

  template <class View>
  View of(const View& all, std::int64_t turn) const {
    auto* data = static_cast<char*>(const_cast<void*>(static_cast<const void*>(all.data())));
    data += turn % count * images * image * static_cast<std::int64_t>(poise::size_of(all.dtype()));
    return {data, all.dtype(), {images, bands, side / bands, side}};
  }
  ConstTensorView in(std::int64_t turn) const { return of(ConstTensorView(x), turn); }
  TensorView out(std::int64_t turn) const { return of(TensorView(y), turn); }
  std::size_t bytes(DType type) const { return static_cast<std::size_t>(images * image) * poise::size_of(type); }
  double limit(std::int64_t turn) const {
    return microseconds(
        [&] { poise::bench::probe(0, in(turn).data(), out(turn).data(), bytes(x.dtype()), bytes(y.dtype())); });
  }
};

// What is for weights, not for images.
bool of_weights(const std::string& name) {
  const std::string weights[] = {"weight_standardization", "weight_norm", "max_norm", "clip", "spectral_norm"};
  return std::find(std::begin(weights), std::end(weights), name) != std::end(weights);
}

// An image is a sample of four channels, the bands of seven rows from top to bottom; the cell of layer and RMS norm is
// the image. Input scaling sees grey images, which have no channel axis.
poise::Parameters parameters_for(const std::string& name, bool scales_input, const Batches& batches) {
  static const Tensor zeros(DType::f32, {bands}), ones = [] {
    Tensor t(DType::f32, {bands});
    std::fill_n(t.data<float>(), bands, 1.0F);
    return t;
  }();
  poise::Parameters p;
  if (scales_input) p.channel_axes = {-1};
  if (name == "preset") p.preset = constants;
  if (name == "layer_norm" || name == "rms_norm") p.axes = {1, 2, 3};
  if (name == "group_norm") p.groups = 2;
  if (name == "ghost_batch_norm") p.ghost_size = batches.images / 4;
  if (name == "adaptive_instance_norm") p.style = batches.in(0);
  if (name == "batch_renorm") {
    p.running_mean = zeros;
    p.running_var = ones;
  }
  return p;
}

// The first words of the table's description.
std::string cell_of(const poise::Technique& technique) {
  const std::string cell = technique.cell;
  return cell.substr(0, cell.find_first_of(",;:"));
}

void show(const poise::Technique& technique, const Batches& batches) {
  poise::Context context;
  context.threads = 1;  // as the probe
  const bool scales_input = batches.x.dtype() == DType::u8;
  const poise::Parameters parameters = parameters_for(technique.name, scales_input, batches);
  const auto run = [&](std::int64_t turn) {
    technique.run(batches.out(turn), batches.in(turn), parameters, {}, context);
  };
  run(0);
  std::vector<double> times, limits;
  for (std::int64_t turn = 0; turn < std::max<std::int64_t>(batches.count, 7); ++turn) {
    limits.push_back(batches.limit(turn));
    times.push_back(microseconds([&] { run(turn + 1); }));
  }
  run(0);
  const MeanStd after = mean_std(batches.y.data<float>(), batches.images * image);
  const double time = median(times);
  // "+ 0.0": no negative zero.
  std::printf("%-23s %-40s %11.6f %9.6f %7.0f %6.0f %%\n", technique.name, cell_of(technique).c_str(),
              std::round(after.mean * 1e6) / 1e6 + 0.0, after.std, time, 100 * median(limits) / time);
}

void demonstrate(const Tensor& images) {
  const Tensor pixels = pixels_of(images), y(DType::f32, images.sizes());
  const MeanStd of_pixels = mean_std(pixels.data<std::uint8_t>(), pixels.elements());
  std::printf("back to bytes by the inverse: mean %.10f, std %.10f of pixels in [0, 1]\n\n", of_pixels.mean / 255,
              of_pixels.std / 255);
  const Batches normalized{images, y}, raw{pixels, y};
  std::printf("batches of %lld images, one thread, %s; four bands of seven rows are the channels\n",
              static_cast<long long>(normalized.images), poise::name_of(poise::active_target()));
  std::printf("%-23s %-40s %11s %9s %7s %8s\n", "technique", "cell", "mean after", "std after", "us", "of limit");
  for (const poise::Technique& technique : poise::techniques()) {
    if (of_weights(technique.name)) continue;
    const bool scales_input = !technique.results.empty() && std::strcmp(technique.results[0], "center") == 0;
    show(technique, scales_input ? raw : normalized);
  }
  std::printf("100 %% of the limit: a copy of the same bytes in the same run\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    demonstrate(argc > 1 ? read_images(argv[1]) : random_images(1024));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "demo: %s\n", error.what());
    return 1;
  }
}
