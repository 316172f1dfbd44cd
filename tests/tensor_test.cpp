// Dims, strides, views and the memory of Tensor.

#include <gtest/gtest.h>
#include <poise/error.h>
#include <poise/tensor.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace poise {
namespace {

Code code_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "expected an Error";
  return Code::io;
}

TEST(DimsTest, HoldsEightAndRefusesNine) {
  Dims dims = {1, 2, 3, 4, 5, 6, 7};
  dims.push_back(8);
  EXPECT_EQ(dims.product(), 40320);
  EXPECT_EQ(dims.str(), "1x2x3x4x5x6x7x8");
  EXPECT_EQ(code_of([&] { dims.push_back(9); }), Code::shape);
  EXPECT_EQ(dims.size(), 8);
  EXPECT_EQ(code_of([] { Dims({1, 1, 1, 1, 1, 1, 1, 1, 1}); }), Code::shape);
}

TEST(DimsTest, ProductOfNoneIsOneAndOfTooMuchSaturates) {
  const std::int64_t large = std::int64_t{1} << 40;
  EXPECT_EQ(Dims().product(), 1);
  EXPECT_EQ(Dims().str(), "");
  EXPECT_EQ(Dims({large, large}).product(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Dims({large, large, 0}).product(), 0);
}

TEST(DimsTest, EqualityComparesLengthAndValues) {
  EXPECT_EQ(Dims({2, 3}), Dims({2, 3}));
  EXPECT_FALSE(Dims({2, 3}) == Dims({2, 3, 0}));
  EXPECT_FALSE(Dims({2, 3}) == Dims({3, 2}));
}

TEST(Strides, RowMajorAndChannelsLast) {
  EXPECT_EQ(contiguous_strides({2, 3, 4, 5}), Dims({60, 20, 5, 1}));
  EXPECT_EQ(contiguous_strides({}), Dims());
  EXPECT_EQ(contiguous_strides({2, 0, 3}), Dims({3, 3, 1}));
  EXPECT_EQ(channels_last_strides({2, 3, 4, 5}), Dims({60, 1, 15, 3}));
  EXPECT_EQ(channels_last_strides({2, 3, 4}), Dims({12, 1, 3}));
  EXPECT_EQ(channels_last_strides({2, 3}), Dims({3, 1}));
}

TEST(Views, AbsentPresentAndConverted) {
  std::vector<float> memory(6);
  const TensorView view(memory.data(), {2, 3});
  const ConstTensorView constant = view;
  EXPECT_FALSE(ConstTensorView().present());
  EXPECT_FALSE(ConstTensorView(TensorView()).present());
  EXPECT_TRUE(constant.present());
  EXPECT_EQ(constant.data(), memory.data());
  EXPECT_EQ(constant.dtype(), DType::f32);
  EXPECT_EQ(constant.strides(), Dims({3, 1}));
  EXPECT_EQ(constant.elements(), 6);
}

// Of a size that the allocator keeps when it is freed and hands out again as it was.
TEST(TensorTest, IsAlignedZeroedAndOwnsWhatItSays) {
  for (const DType type : {DType::u8, DType::f16, DType::f32, DType::f64}) {
    const Dims sizes = {3, 5, 501};
    std::memset(Tensor(type, sizes).data<void>(), 0xFF, 7515 * size_of(type));
    const Tensor tensor(type, sizes);
    ASSERT_EQ(tensor.bytes(), 7515 * size_of(type));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data<void>()) % 64, 0U);
    const auto* bytes = tensor.data<unsigned char>();
    EXPECT_EQ(std::count(bytes, bytes + tensor.bytes(), 0), static_cast<std::ptrdiff_t>(tensor.bytes()));
  }
}

TEST(TensorTest, EmptyAndScalarTensorsHaveAnAddress) {
  EXPECT_NE(Tensor(DType::f32, {4, 0}).data<float>(), nullptr);
  EXPECT_EQ(Tensor(DType::f32, {4, 0}).bytes(), 0U);
  EXPECT_EQ(Tensor(DType::f64, {}).bytes(), 8U);
  EXPECT_FALSE(Tensor().view().present());
}

TEST(TensorTest, MovesItsMemoryAndIsAbsentAfterwards) {
  Tensor from(DType::f64, {2});
  double* const memory = from.data<double>();
  Tensor to = std::move(from);
  EXPECT_EQ(to.data<double>(), memory);
  EXPECT_EQ(to.sizes(), Dims({2}));
  EXPECT_FALSE(from.view().present());
  EXPECT_EQ(from.data<double>(), nullptr);
  EXPECT_EQ(from.view().rank(), 0);

  Tensor assigned(DType::f32, {7});
  assigned = std::move(to);
  EXPECT_EQ(assigned.data<double>(), memory);
  EXPECT_EQ(assigned.dtype(), DType::f64);
  EXPECT_FALSE(to.view().present());
  to = Tensor(DType::u8, {3});
  EXPECT_EQ(to.bytes(), 3U);
}

TEST(TensorTest, TakesDensePermutationsOnly) {
  const Dims sizes = {2, 3, 1, 4};
  EXPECT_EQ(Tensor(DType::f32, sizes, channels_last_strides(sizes)).view().strides(), Dims({12, 1, 12, 3}));
  EXPECT_EQ(Tensor(DType::f32, {1, 2, 3}, {3, 3, 1}).view().strides(), Dims({3, 3, 1}));
  EXPECT_EQ(Tensor(DType::f32, {2, 3}, {1, 2}).view().strides(), Dims({1, 2}));
  EXPECT_EQ(code_of([] { Tensor(DType::f32, {2, 3}, {4, 1}); }), Code::shape) << "padded";
  EXPECT_EQ(code_of([] { Tensor(DType::f32, {2, 3}, {0, 1}); }), Code::shape) << "broadcast";
  EXPECT_EQ(code_of([] { Tensor(DType::f32, {2, 3}, {-3, 1}); }), Code::shape) << "reversed";
  EXPECT_EQ(code_of([] { Tensor(DType::f32, {2, 2}, {1, 1}); }), Code::shape) << "overlapping";
  EXPECT_EQ(code_of([] { Tensor(DType::f32, {2, 3}, {1}); }), Code::shape) << "rank";
}

TEST(TensorTest, RefusesNegativeSizesAndMoreThanMemory) {
  EXPECT_EQ(code_of([] { Tensor(DType::f32, {2, -3}); }), Code::shape);
  // Above what an address can reach, so that no machine can grant either: the first by its product, the second by
  // bytes.
  EXPECT_EQ(code_of([] { Tensor(DType::f32, {std::int64_t{1} << 40, std::int64_t{1} << 40}); }), Code::memory);
  EXPECT_EQ(code_of([] { Tensor(DType::f64, {std::int64_t{1} << 55}); }), Code::memory);
}

}  // namespace
}  // namespace poise
