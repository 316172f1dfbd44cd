// Each image by its own statistics, against the formula in long double; and the rule on leaks.

#include "data/image_scaling.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "data/convert.h"
#include "data/leak.h"
#include "temp_folder.h"

namespace poise {
namespace {

using test::TempFolder;
using test::throws;

struct Result {
  std::vector<double> y;
  std::uint64_t constant = 0;
};

Result scaled(const Tensor& x, const ImageScaling& scaling, DType y) {
  const TempFolder folder;
  write_npy(folder / "x.npy", x, false);
  const auto source = open_data_source(folder / "x.npy");
  NpyWriter output(folder / "y.npy", y, x.sizes(), false);
  Context context;
  Result result;
  result.constant = apply_per_image(*source, scaling, y, output, context);
  output.commit();
  const Tensor read = read_npy(folder / "y.npy");
  result.y.resize(static_cast<std::size_t>(read.elements()));
  widen({read.data<std::byte>(), read.bytes()}, read.dtype(), result.y);
  return result;
}

struct Cell {
  long double center = 0, scale = 1;
};

Cell cell_of(const std::vector<long double>& values, const ImageScaling& scaling) {
  const auto n = static_cast<long double>(values.size());
  long double sum = 0, squares = 0, low = values[0], high = values[0];
  for (const long double v : values) {
    sum += v;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  for (const long double v : values) squares += (v - sum / n) * (v - sum / n);
  const long double variance = squares / n + scaling.eps;
  if (scaling.method == Method::zscore) return {sum / n, variance == 0 ? 1 : 1 / std::sqrt(variance)};
  const long double range = high - low;
  const long double size = scaling.method == Method::symmetric ? 2 : 1;
  return {scaling.method == Method::symmetric ? low + range / 2 : low, range == 0 ? 1 : size / range};
}

TEST(ImageScalingTest, FollowsTheFormulaForEveryMethodAxisAndType) {
  std::mt19937 random(5);
  const Dims sizes = {5, 3, 4, 7};
  for (const DType type : {DType::u8, DType::f32, DType::f64}) {
    Tensor x(type, sizes);
    std::vector<double> xs(static_cast<std::size_t>(x.elements()));
    for (double& v : xs) v = static_cast<double>(random() % 200);
    // One constant image, and one constant channel of another.
    std::fill(xs.begin() + 84, xs.begin() + 168, 9);
    std::fill(xs.begin() + 168, xs.begin() + 196, 10);
    narrow(xs, type, {x.data<std::byte>(), x.bytes()});
    for (const Method method : {Method::zscore, Method::minmax, Method::symmetric}) {
      for (const int axis : {-1, 1, 2, 3}) {
        for (const double eps : {0.0, 25.0}) {
          if (eps != 0 && method != Method::zscore) continue;
          SCOPED_TRACE(testing::Message()
                       << name_of(type) << " method " << static_cast<int>(method) << " axis " << axis);
          const ImageScaling scaling{method, axis, eps};
          const DType y_type = type == DType::u8 ? DType::f32 : type;
          const Result result = scaled(x, scaling, y_type);
          const std::size_t inner = axis < 0 ? 84 : axis == 1 ? 28 : axis == 2 ? 7 : 1;
          const std::size_t channels = axis < 0 ? 1 : static_cast<std::size_t>(sizes[axis]);
          std::vector<std::vector<long double>> cells(5 * channels);
          const auto cell = [&](std::size_t i) { return i / 84 * channels + i % 84 / inner % channels; };
          for (std::size_t i = 0; i < xs.size(); ++i) cells[cell(i)].push_back(xs[i]);
          const double u = type == DType::f64 ? 0x1p-53 : 0x1p-24;
          for (std::size_t i = 0; i < xs.size(); ++i) {
            const Cell c = cell_of(cells[cell(i)], scaling);
            const auto y = static_cast<double>((xs[i] - c.center) * c.scale);
            // The center's own rounding in float64, and in float32 6 u of the term.
            EXPECT_NEAR(result.y[i], y, 6 * u * std::abs(y) + 0x1p-40) << i;
          }
          std::uint64_t constant = 0;
          for (const auto& values : cells) {
            constant +=
                std::all_of(values.begin(), values.end(), [&](long double v) { return v == values[0]; }) ? 1 : 0;
          }
          EXPECT_EQ(result.constant, eps != 0 ? 0 : constant);
        }
      }
    }
  }
}

TEST(ImageScalingTest, RefusesWhatHasNoImages) {
  const Tensor x(DType::f32, {4, 2});
  EXPECT_TRUE(throws(Code::usage, "expected images along the first axis", [&] {
    scaled(x, {Method::zscore, 0, 0}, DType::f32);
  }));
  EXPECT_TRUE(throws(Code::usage, "expected images along the first axis", [&] {
    scaled(Tensor(DType::f32, {}), {Method::zscore, -1, 0}, DType::f32);
  }));
  EXPECT_TRUE(throws(Code::usage, "expected f32", [&] { scaled(x, {Method::zscore, 1, 0}, DType::u8); }));
}

Provenance of_split(const std::optional<std::string>& split) {
  Provenance p;
  p.split = split;
  const std::byte sample{7};
  p.fingerprint.add({&sample, 1});
  return p;
}

TEST(LeakTest, HeldOutStatisticsScaleTheirOwnDataOnly) {
  const Fingerprint other, same = of_split(std::nullopt).fingerprint;
  const std::optional<std::string> unsaid, train = "train", val = "val", test = "test";
  for (const auto& split : {unsaid, train}) {
    for (const auto& said : {unsaid, train, val, test}) {
      EXPECT_FALSE(leak_needs_content(of_split(split), said));
      EXPECT_EQ(leak(of_split(split), said, other), std::nullopt);
    }
  }
  EXPECT_TRUE(leak_needs_content(of_split(test), unsaid));
  EXPECT_FALSE(leak_needs_content(of_split(test), train));
  EXPECT_EQ(leak(of_split(test), unsaid, other), "those of test data for data not known to be it");
  EXPECT_EQ(leak(of_split(test), unsaid, same), std::nullopt);
  EXPECT_EQ(leak(of_split(test), test, std::nullopt), std::nullopt);
  EXPECT_EQ(leak(of_split(val), test, std::nullopt), "those of val data for data said to be test");
  EXPECT_EQ(leak(of_split(test), train, other), "those of test data for data said to be train");
  EXPECT_EQ(leak(of_split(test), train, same), "those of test data for the same data, said to be train");
}

}  // namespace
}  // namespace poise
