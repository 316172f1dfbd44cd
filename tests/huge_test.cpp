// More than 2^31 elements, by hand, in about 10 GB of memory:
//     build/release/poise_tests --gtest_also_run_disabled_tests --gtest_filter='Huge.*'
// x repeats a small tensor, so that its answer is known: a row's bits do not depend on how many other rows there are,
// and a repeated population has the mean and variance of one copy.

#include <cmath>
#include <cstring>
#include <memory>

#include <gtest/gtest.h>
#include <poise/poise.h>

#include "test_tensor.h"

namespace poise {
namespace {

constexpr std::int64_t beyond = (std::int64_t{1} << 31) + 1;

// Room for `copies` of a bfloat16 tensor one after the other.
class Repeated {
 public:
  Repeated(std::int64_t elements, std::int64_t copies)
      : bytes_(static_cast<std::size_t>(elements) * 2),
        copies_(copies),
        memory_(std::make_unique_for_overwrite<std::byte[]>(bytes_ * static_cast<std::size_t>(copies))) {}
  void fill(const test::TestTensor& one) {
    const std::vector<std::byte> bits = one.bits();
    for (std::int64_t k = 0; k < copies_; ++k) std::memcpy(at(k), bits.data(), bytes_);
  }
  void* data() const { return memory_.get(); }
  std::byte* at(std::int64_t copy) const { return memory_.get() + bytes_ * static_cast<std::size_t>(copy); }

 private:
  std::size_t bytes_;
  std::int64_t copies_;
  std::unique_ptr<std::byte[]> memory_;
};

TEST(Huge, DISABLED_LayerNormAndItsBackward) {
  constexpr std::int64_t rows = 1021, features = 4099;
  constexpr std::int64_t copies = beyond / (rows * features) + 1;
  const test::TestTensor one(DType::bf16, test::random_values({rows, features}, DType::bf16, 1));
  const test::TestTensor y(DType::bf16, {rows, features}), dx(DType::bf16, {rows, features});
  layer_norm(y, one);
  layer_norm_backward({.dx = dx}, one, one);
  Repeated all(rows * features, copies);
  const Repeated made(rows * features, copies);
  all.fill(one);
  const Dims sizes{copies * rows, features};
  ASSERT_GT(sizes.product(), beyond);

  const ConstTensorView x(all.data(), DType::bf16, sizes);
  const TensorView to(made.data(), DType::bf16, sizes);
  const auto expect_copies = [&](const test::TestTensor& expected) {
    const std::vector<std::byte> bits = expected.bits();
    for (std::int64_t k = 0; k < copies; ++k) ASSERT_EQ(std::memcmp(made.at(k), bits.data(), bits.size()), 0) << k;
  };
  layer_norm(to, x);
  expect_copies(y);
  layer_norm_backward({.dx = to}, x, x);
  expect_copies(dx);
}

// One cell of more than 2^31 values, in columns. The float64 sums of n values move center and scale by at most
// n 2^-53, here 2^-22 of the terms, a thousandth of a bfloat16's half ulp: at most the neighbour is stored.
TEST(Huge, DISABLED_BatchNormOfOneChannelsLastCell) {
  constexpr std::int64_t positions = 4099, channels = 2;
  constexpr std::int64_t copies = beyond / positions + 1;
  const test::TestTensor one(DType::bf16, test::random_values({positions, channels}, DType::bf16, 2));
  const test::TestTensor y(DType::bf16, {positions, channels});
  const Dims channel_sizes{channels}, sizes{copies * positions, channels};
  const test::TestTensor mean(DType::f64, channel_sizes), rstd(DType::f64, channel_sizes);
  batch_norm(y, one, {}, {.mean = mean, .rstd = rstd});
  Repeated all(positions * channels, copies);
  all.fill(one);
  const test::TestTensor all_mean(DType::f64, channel_sizes), all_rstd(DType::f64, channel_sizes);
  const TensorView in_place(all.data(), DType::bf16, sizes);
  batch_norm(in_place, in_place, {}, {.mean = all_mean, .rstd = all_rstd});
  const double growth = static_cast<double>(sizes[0]) * 0x1p-53;
  for (std::size_t c = 0; c < channels; ++c) {
    EXPECT_NEAR(static_cast<double>(all_mean.read()[c]), static_cast<double>(mean.read()[c]), growth * 8);
    EXPECT_NEAR(static_cast<double>(all_rstd.read()[c]), static_cast<double>(rstd.read()[c]), growth * 8);
  }
  const test::Array expected = y.read();
  for (const std::int64_t copy : {std::int64_t{0}, copies / 2, copies - 1}) {
    const test::Array got = test::read(ConstTensorView(all.at(copy), DType::bf16, {positions, channels}));
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_LE(std::fabs(got[i] - expected[i]), std::fabs(expected[i]) * 0x1p-7L)
          << "copy " << copy << '[' << i << ']';
    }
  }
}

}  // namespace
}  // namespace poise
