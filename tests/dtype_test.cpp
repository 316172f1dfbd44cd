// Storage types: every one of the 65,536 values, every halfway between neighbours, overflow and NaN.

#include <gtest/gtest.h>
#include <poise/dtype.h>
#include <poise/error.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace poise {
namespace {

// What a 16-bit format means, by its definition: (1 + fraction) * 2^(exponent - bias), subnormals without the 1.
template <class T>
struct Format;
template <>
struct Format<bfloat16> {
  static constexpr int fraction_bits = 7, bias = 127;
  static bfloat16 of(float x) { return to_bfloat16(x); }
};
template <>
struct Format<float16> {
  static constexpr int fraction_bits = 10, bias = 15;
  static float16 of(float x) { return to_float16(x); }
};

template <class T>
constexpr int infinity_of = (2 * Format<T>::bias + 1) << Format<T>::fraction_bits;

template <class T>
double value_of(int bits) {
  const int fraction_bits = Format<T>::fraction_bits;
  const int exponent = (bits & 0x7FFF) >> fraction_bits;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const int significand = exponent == 0 ? fraction : fraction + (1 << fraction_bits);
  const double magnitude = std::ldexp(significand, std::max(exponent, 1) - Format<T>::bias - fraction_bits);
  return bits & 0x8000 ? -magnitude : magnitude;
}

template <class T>
T from_bits(int bits) {
  return {static_cast<std::uint16_t>(bits)};
}

template <class T>
class Storage : public testing::Test {};
using StorageTypes = testing::Types<bfloat16, float16>;
TYPED_TEST_SUITE(Storage, StorageTypes);

TYPED_TEST(Storage, EveryValueWidensExactlyAndComesBack) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const float wide = to_float(from_bits<TypeParam>(bits));
    const int magnitude = bits & 0x7FFF;
    ASSERT_EQ(std::signbit(wide), (bits & 0x8000) != 0) << bits;
    if (magnitude > infinity_of<TypeParam>) {
      ASSERT_TRUE(std::isnan(wide)) << bits;
      continue;
    }
    if (magnitude == infinity_of<TypeParam>) {
      ASSERT_TRUE(std::isinf(wide)) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(wide), value_of<TypeParam>(bits)) << bits;
    }
    ASSERT_EQ(Format<TypeParam>::of(wide).bits, bits);
  }
}

TYPED_TEST(Storage, NaNStaysNaNQuietWithItsSign) {
  const int quiet = 1 << (Format<TypeParam>::fraction_bits - 1);
  for (const std::uint32_t sign : {0U, 0x8000'0000U}) {
    for (const std::uint32_t payload : {0x1U, 0x3F'FFFFU, 0x40'0000U, 0x7F'FFFFU, 0x2000U}) {
      const int bits = Format<TypeParam>::of(std::bit_cast<float>(sign | 0x7F80'0000U | payload)).bits;
      EXPECT_GT(bits & 0x7FFF, infinity_of<TypeParam>) << payload;
      EXPECT_NE(bits & quiet, 0) << payload;
      EXPECT_EQ(bits >> 15, static_cast<int>(sign >> 31)) << payload;
    }
  }
}

// Between each value and the next, to infinity, for which the format's next power of two stands in.
TYPED_TEST(Storage, HalfwaysGoToEvenAndTheirNeighboursToTheNearest) {
  for (int low = 0; low < infinity_of<TypeParam>; ++low) {
    const double middle = (value_of<TypeParam>(low) + value_of<TypeParam>(low + 1)) / 2;
    const auto half = static_cast<float>(middle);
    ASSERT_EQ(static_cast<double>(half), middle) << "a halfway is a float32";
    const int even = low % 2 == 0 ? low : low + 1;
    const float below = std::nextafter(half, 0.0F);
    const float above = std::nextafter(half, std::numeric_limits<float>::infinity());
    ASSERT_EQ(Format<TypeParam>::of(half).bits, even);
    ASSERT_EQ(Format<TypeParam>::of(-half).bits, even | 0x8000);
    ASSERT_EQ(Format<TypeParam>::of(below).bits, low);
    ASSERT_EQ(Format<TypeParam>::of(above).bits, low + 1);
  }
}

TYPED_TEST(Storage, OverflowBecomesInfinity) {
  for (const float x : {std::numeric_limits<float>::max(), std::numeric_limits<float>::infinity()}) {
    EXPECT_EQ(Format<TypeParam>::of(x).bits, infinity_of<TypeParam>);
    EXPECT_EQ(Format<TypeParam>::of(-x).bits, infinity_of<TypeParam> | 0x8000);
  }
}

TYPED_TEST(Storage, UnderflowKeepsTheSignOfZero) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(Format<TypeParam>::of(tiny).bits, 0);
  EXPECT_EQ(Format<TypeParam>::of(-tiny).bits, 0x8000);
}

// The oracle searches the table of all values: no bit trick shared with the code.
TYPED_TEST(Storage, RandomBitsRoundToTheNearestOfAllValues) {
  std::vector<double> table;
  for (int bits = 0; bits <= infinity_of<TypeParam>; ++bits) table.push_back(value_of<TypeParam>(bits));
  std::mt19937 random(1);
  for (int trial = 0; trial < 200'000; ++trial) {
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(random()) & 0x7FFF'FFFFU);
    if (!std::isfinite(x) || static_cast<double>(x) >= table.back()) continue;
    const auto above = std::upper_bound(table.begin(), table.end(), static_cast<double>(x));
    const auto high = static_cast<int>(above - table.begin());
    const double to_low = static_cast<double>(x) - table[static_cast<std::size_t>(high - 1)];
    const double to_high = *above - static_cast<double>(x);
    const bool up = to_high < to_low || (to_high == to_low && high % 2 == 0);
    ASSERT_EQ(Format<TypeParam>::of(x).bits, up ? high : high - 1) << x;
  }
}

TEST(DTypes, NamesGoBothWaysAndOthersAreRefused) {
  for (const DType type : {DType::f32, DType::f64, DType::bf16, DType::f16, DType::u8}) {
    EXPECT_EQ(dtype_named(name_of(type)), type);
  }
  EXPECT_STREQ(name_of(DType::bf16), "bf16");
  try {
    dtype_named("f8");
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::usage);
    EXPECT_STREQ(error.what(), "[dtype] name: expected f32, f64, bf16, f16 or u8, got f8");
  }
}

}  // namespace
}  // namespace poise
