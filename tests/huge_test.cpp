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

// `copies` of a bfloat16 tensor one after the other, and as much room for what is made of them.
class Repeated {
 public:
  Repeated(const test::TestTensor& one, std::int64_t copies)
      : bits_(one.bits()), copies_(copies), x_(allocate()), y_(allocate()) {
    for (std::int64_t k = 0; k < copies; ++k) std::memcpy(at(x_, k), bits_.data(), bits_.size());
  }
  void* x() const { return x_.get(); }
  void* y() const { return y_.get(); }
  const std::byte* y_of(std::int64_t copy) const { return at(y_, copy); }

 private:
  using Memory = std::unique_ptr<std::byte[]>;
  Memory allocate() const {
    return std::make_unique_for_overwrite<std::byte[]>(bits_.size() * static_cast<std::size_t>(copies_));
  }
  std::byte* at(const Memory& memory, std::int64_t copy) const {
    return memory.get() + bits_.size() * static_cast<std::size_t>(copy);
  }

  std::vector<std::byte> bits_;
  std::int64_t copies_;
  Memory x_, y_;
};

TEST(Huge, DISABLED_LayerNormAndItsBackward) {
  constexpr std::int64_t rows = 1021, features = 4099;
  constexpr std::int64_t copies = beyond / (rows * features) + 1;
  const test::TestTensor one(DType::bf16, test::random_values({rows, features}, DType::bf16, 1));
  const test::TestTensor y(DType::bf16, {rows, features}), dx(DType::bf16, {rows, features});
  layer_norm(y, one);
  layer_norm_backward({.dx = dx}, one, one);
  const Repeated all(one, copies);
  const Dims sizes{copies * rows, features};
  ASSERT_GT(sizes.product(), beyond);

  layer_norm({all.y(), DType::bf16, sizes}, {all.x(), DType::bf16, sizes});
  for (std::int64_t k = 0; k < copies; ++k) {
    ASSERT_EQ(std::memcmp(all.y_of(k), y.bits().data(), y.bits().size()), 0) << "copy " << k;
  }
  const ConstTensorView x(all.x(), DType::bf16, sizes);
  layer_norm_backward({.dx = {all.y(), DType::bf16, sizes}}, x, x);
  for (std::int64_t k = 0; k < copies; ++k) {
    ASSERT_EQ(std::memcmp(all.y_of(k), dx.bits().data(), dx.bits().size()), 0) << "dx, copy " << k;
  }
}

// One cell of more than 2^31 values, in columns. The float64 sums of n values move center and scale by at most
// n 2^-53, here 2^-22 of the terms, a thousandth of a bfloat16's half ulp: at most the neighbour is stored.
TEST(Huge, DISABLED_BatchNormOfOneChannelsLastCell) {
  constexpr std::int64_t positions = 4099, channels = 3;
  constexpr std::int64_t copies = beyond / positions + 1;
  const test::TestTensor one(DType::bf16, test::random_values({positions, channels}, DType::bf16, 2));
  const test::TestTensor y(DType::bf16, {positions, channels});
  const Dims channel_sizes{channels}, sizes{copies * positions, channels};
  const test::TestTensor mean(DType::f64, channel_sizes), rstd(DType::f64, channel_sizes);
  batch_norm(y, one, {}, {.mean = mean, .rstd = rstd});
  const Repeated all(one, copies);
  const test::TestTensor all_mean(DType::f64, channel_sizes), all_rstd(DType::f64, channel_sizes);
  batch_norm({all.y(), DType::bf16, sizes}, {all.x(), DType::bf16, sizes}, {}, {.mean = all_mean, .rstd = all_rstd});
  const double growth = static_cast<double>(sizes[0]) * 0x1p-53;
  for (std::size_t c = 0; c < channels; ++c) {
    EXPECT_NEAR(static_cast<double>(all_mean.read()[c]), static_cast<double>(mean.read()[c]), growth * 8);
    EXPECT_NEAR(static_cast<double>(all_rstd.read()[c]), static_cast<double>(rstd.read()[c]), growth * 8);
  }
  const test::Array expected = y.read();
  for (const std::int64_t copy : {std::int64_t{0}, copies / 2, copies - 1}) {
    const test::Array got = test::read(ConstTensorView(all.y_of(copy), DType::bf16, {positions, channels}));
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_LE(std::fabs(got[i] - expected[i]), std::fabs(expected[i]) * 0x1p-7L)
          << "copy " << copy << '[' << i << ']';
    }
  }
}

}  // namespace
}  // namespace poise
