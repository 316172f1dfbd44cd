// Cells that are lanes: merged many at once as one by one, and the same bits however the lanes are cut for threads.

#include <poise/batch_norm.h>
#include <poise/layer_norm.h>

#include <algorithm>
#include <vector>

#include "expect.h"
#include "techniques/normalize.h"

namespace poise::test {
namespace {

TEST(Columns, MergingManyCellsIsMergingOneByOne) {
  std::vector<Measured> measured(7);
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const auto v = static_cast<double>(i);
    measured[i] = {.count = 9, .mean = 0.1 * v, .mean_lo = 1e-18 * v, .m2 = 0.3 * v * v};
  }
  for (const Layout layout : {Layout::contiguous, Layout::transposed, Layout::sliced}) {
    const TestTensor mean(DType::f64, {5, 7}, layout), rstd(DType::f64, {5, 7});
    const TestTensor one_mean(DType::f64, {5, 7}, layout), one_rstd(DType::f64, {5, 7});
    const Normalize many({1e-5}, mean, rstd), one({1e-5}, one_mean, one_rstd);
    std::vector<CellAffine> affine(measured.size());
    many.merge_many(3, 5, 6, measured.data(), affine.data());
    for (std::size_t i = 0; i < 6; ++i) {
      const CellAffine a = one(3 + static_cast<std::int64_t>(i) * 5, measured[i]);
      EXPECT_EQ(a.center, affine[i].center);
      EXPECT_EQ(a.center_lo, affine[i].center_lo);
      EXPECT_EQ(a.scale, affine[i].scale);
    }
    EXPECT_TRUE(one_mean.bits() == mean.bits()) << name_of(layout);
    EXPECT_TRUE(one_rstd.bits() == rstd.bits());
  }
}

// Too few rows for blocks of them and one tile for one thread: threads get narrower tiles.
TEST(Columns, LanesCutForThreadsGiveTheSameBits) {
  const Dims sizes = {300, 1037}, lanes = {1037};
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1)),
      dy(DType::f32, random_values(sizes, DType::f32, 2));
  const TestTensor gamma(DType::f32, random_values(lanes, DType::f32, 3));
  std::vector<std::vector<std::byte>> first;
  for (const int threads : {1, 2, 3, 4, 7}) {
    Context context;
    context.threads = threads;
    const TestTensor y(DType::f32, sizes), dx(DType::f32, sizes), mean(DType::f64, lanes), rstd(DType::f64, lanes);
    const TestTensor dgamma(DType::f64, lanes), dbeta(DType::f64, lanes);
    const BatchNormOptions o{.gamma = gamma};
    batch_norm(y, x, o, {.mean = mean, .rstd = rstd}, context);
    EXPECT_EQ(context.threads_used(), std::min(threads, 4)) << context.plan();
    batch_norm_backward({.dx = dx, .dgamma = dgamma, .dbeta = dbeta}, dy, x, {.mean = mean, .rstd = rstd}, o, context);
    EXPECT_EQ(context.threads_used(), std::min(threads, 4)) << context.plan();
    const std::vector<std::vector<std::byte>> all = {y.bits(),  mean.bits(),   rstd.bits(),
                                                     dx.bits(), dgamma.bits(), dbeta.bits()};
    if (first.empty()) first = all;
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(first[i] == all[i]) << i << " of " << threads;
  }
}

// One cell a position: the first of many are what they are alone, in the same memory.
TEST(Columns, TheNumberOfPositionsChangesNoBit) {
  const Dims sizes = {37, 1031}, some = {37, 1000};
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1)),
      dy(DType::f32, random_values(sizes, DType::f32, 2));
  const TestTensor gamma(DType::f32, random_values({37}, DType::f32, 3));
  const LayerNormOptions o{.axes = {0}, .gamma = gamma};
  TestTensor y(DType::f32, sizes), dx(DType::f32, sizes), fewer_y(DType::f32, sizes), fewer_dx(DType::f32, sizes);
  layer_norm(y, x, o);
  layer_norm_backward({.dx = dx}, dy, x, {}, o);
  const auto part = [&](const TensorView& view) { return TensorView(view.data(), DType::f32, some, view.strides()); };
  layer_norm(part(fewer_y), part(x), o);
  layer_norm_backward({.dx = part(fewer_dx)}, part(dy), part(x), {}, o);
  const Array all_y = y.read(), all_dx = dx.read(), some_y = fewer_y.read(), some_dx = fewer_dx.read();
  for (std::size_t i = 0; i < all_y.size(); ++i) {
    if (i % 1031 >= 1000) continue;
    ASSERT_EQ(all_y[i], some_y[i]) << i;
    ASSERT_EQ(all_dx[i], some_dx[i]) << i;
  }
}

// One cell a position: what is saved of it lies at its own index, whatever the layout, in y's order or not.
TEST(Columns, NormOverChannelsSavesEachPosition) {
  const Dims sizes = {3, 9, 17, 43}, cells = {3, 17, 43};
  const Array values = random_values(sizes, DType::f32, 5);
  std::vector<std::vector<std::byte>> first;
  for (const int threads : {1, 3}) {
    for (const Layout layout : {Layout::contiguous, Layout::sliced}) {
      Context context;
      context.threads = threads;
      const TestTensor x(DType::f32, values), y(DType::f32, sizes);
      const TestTensor mean(DType::f64, cells, layout), rstd(DType::f64, cells, layout);
      layer_norm(y, x, {.axes = {1}}, {.mean = mean, .rstd = rstd}, context);
      const std::vector<std::vector<std::byte>> all = {y.bits(), mean.bits(), rstd.bits()};
      if (first.empty()) first = all;
      for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(first[i] == all[i]) << i << " of " << threads;
      const Array means = mean.read();
      for (std::int64_t n = 0; n < 3; ++n) {
        for (std::int64_t p = 0; p < 17 * 43; ++p) {
          Real sum = 0;
          for (std::int64_t c = 0; c < 9; ++c) sum += values[static_cast<std::size_t>((n * 9 + c) * 17 * 43 + p)];
          // Sums of nine float32 in float64: far below the spacing of float32.
          EXPECT_NEAR(static_cast<double>(means[static_cast<std::size_t>(n * 17 * 43 + p)]),
                      static_cast<double>(sum / 9), 1e-12);
        }
      }
    }
  }
}

}  // namespace
}  // namespace poise::test
