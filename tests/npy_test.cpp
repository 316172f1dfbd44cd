// npy files: every type, version, order and byte order; every way to be cut short or to lie.

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "io/npy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "temp_folder.h"

namespace poise {
namespace {

using test::content;
using test::TempFolder;
using test::throws;

// A file made without Poise's writer: magic, version, length, dictionary, data.
std::string npy_file(int version, const std::string& dictionary, const std::string& data) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (int byte = 0; byte < (version == 1 ? 2 : 4); ++byte) {
    file += static_cast<char>(dictionary.size() >> (8 * byte) & 0xff);
  }
  return file + dictionary + data;
}

std::string dictionary(const std::string& descr, bool fortran, const std::string& shape) {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}   \n", descr, fortran ? "True" : "False",
                     shape);
}

struct StoredType {
  DType dtype;
  const char* name;
  // The bits of a small whole number, which every type holds exactly.
  std::uint64_t (*bits)(int value);
};

// float16 of 0 to 2048: sign, 5 bits of exponent with bias 15, 10 of mantissa.
std::uint64_t half_bits(int value) {
  if (value == 0) return 0;
  const int exponent = std::ilogb(value);
  return static_cast<std::uint64_t>(exponent + 15) << 10 |
         static_cast<std::uint64_t>((value - (1 << exponent)) << (10 - exponent));
}

constexpr std::array<StoredType, 5> stored_types = {{
    {DType::f32, "f4", [](int v) -> std::uint64_t { return std::bit_cast<std::uint32_t>(static_cast<float>(v)); }},
    {DType::f64, "f8", [](int v) { return std::bit_cast<std::uint64_t>(static_cast<double>(v)); }},
    {DType::f16, "f2", half_bits},
    {DType::bf16, "bfloat16",
     [](int v) -> std::uint64_t { return std::bit_cast<std::uint32_t>(static_cast<float>(v)) >> 16; }},
    {DType::u8, "u1", [](int v) { return static_cast<std::uint64_t>(v); }},
}};

std::string bytes_of(std::uint64_t bits, std::size_t size, bool big_endian) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>(bits >> (8 * (big_endian ? size - 1 - i : i)) & 0xff);
  }
  return bytes;
}

std::uint64_t bits_at(const ConstTensorView& x, std::int64_t i, std::int64_t j, std::int64_t k) {
  const std::size_t size = size_of(x.dtype());
  const std::int64_t place = i * x.stride(0) + j * x.stride(1) + k * x.stride(2);
  std::uint64_t bits = 0;
  std::memcpy(&bits, static_cast<const char*>(x.data()) + place * static_cast<std::int64_t>(size), size);
  return bits;
}

// Values 0 to 23 of shape (2, 3, 4), counted row-major, as the order stores them.
std::string stored_values(const StoredType& type, bool fortran, bool big_endian) {
  std::string data;
  for (int n = 0; n < 24; ++n) {
    const int value = fortran ? n % 2 * 12 + n / 2 % 3 * 4 + n / 6 : n;
    data += bytes_of(type.bits(value), size_of(type.dtype), big_endian);
  }
  return data;
}

struct Case {
  const StoredType* type;
  int version;
  bool fortran, big_endian;
};

void for_each_case(const std::function<void(const Case&)>& check) {
  for (const StoredType& type : stored_types) {
    for (int version = 1; version <= 3; ++version) {
      for (const bool fortran : {false, true}) {
        for (const bool big_endian : {false, true}) {
          SCOPED_TRACE(fmt::format("{} version {} fortran {} big-endian {}", type.name, version, fortran, big_endian));
          check({&type, version, fortran, big_endian});
        }
      }
    }
  }
}

std::string file_of(const Case& c) {
  return npy_file(c.version, dictionary((c.big_endian ? ">" : "<") + std::string(c.type->name), c.fortran, "(2, 3, 4)"),
                  stored_values(*c.type, c.fortran, c.big_endian));
}

TEST(NpyTest, ReadsEveryTypeVersionOrderAndByteOrder) {
  const TempFolder folder;
  for_each_case([&](const Case& c) {
    const Tensor x = read_npy(folder.write("x.npy", file_of(c)));
    ASSERT_EQ(x.dtype(), c.type->dtype);
    ASSERT_EQ(x.sizes(), Dims({2, 3, 4}));
    for (int n = 0; n < 24; ++n) EXPECT_EQ(bits_at(x, n / 12, n / 4 % 3, n % 4), c.type->bits(n)) << n;
  });
}

TEST(NpyTest, ReadsSamplesInBlocksOfEverySize) {
  const TempFolder folder;
  for_each_case([&](const Case& c) {
    const std::string path = folder.write("x.npy", file_of(c));
    for (const std::int64_t block : {1, 2}) {
      NpyReader reader(open_stream(path));
      std::string got(24 * size_of(c.type->dtype), '\0');
      const std::size_t bytes = got.size() / 2 * static_cast<std::size_t>(block);
      for (std::size_t at = 0; at < got.size(); at += bytes) {
        reader.read_samples(std::as_writable_bytes(std::span(got)).subspan(at, bytes));
      }
      EXPECT_EQ(got, stored_values(*c.type, false, false)) << "blocks of " << block;
    }
  });
}

TEST(NpyTest, EveryPrefixOfAFileIsRefused) {
  const TempFolder folder;
  for_each_case([&](const Case& c) {
    if (c.type->dtype != DType::f32 || c.big_endian) return;
    const std::string file = file_of(c);
    for (std::size_t bytes = 0; bytes < file.size(); ++bytes) {
      const std::string path = folder.write("cut.npy", file.substr(0, bytes));
      EXPECT_TRUE(throws(Code::data, "cut.npy", [&] { read_npy(path); })) << "cut to " << bytes << " bytes";
    }
    const std::string longer = folder.write("longer.npy", file + "x");
    EXPECT_TRUE(throws(Code::data, "got 1 more", [&] { read_npy(longer); }));
  });
}

TEST(NpyTest, WritesEveryTypeAndReadsItBack) {
  const TempFolder folder;
  for (const StoredType& type : stored_types) {
    Tensor x(type.dtype, {2, 3, 4});
    const std::string values = stored_values(type, false, false);
    std::memcpy(x.data<char>(), values.data(), values.size());
    write_npy(folder / "y.npy", x, true);
    const Tensor y = read_npy(folder / "y.npy", {.void2_is_bfloat16 = true});
    EXPECT_EQ(y.dtype(), x.dtype());
    EXPECT_EQ(y.sizes(), x.sizes());
    EXPECT_EQ(std::memcmp(x.data<char>(), y.data<char>(), x.bytes()), 0) << type.name;
  }
}

TEST(NpyTest, WritesWhatNumpyWrites) {
  const TempFolder folder;
  Tensor x(DType::f32, {3});
  x.data<float>()[2] = 1;
  write_npy(folder / "y.npy", x, false);
  const std::string head = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  const std::string padded = head + std::string(117 - head.size(), ' ') + "\n";
  EXPECT_EQ(content(folder / "y.npy"), npy_file(1, padded, std::string("\0\0\0\0\0\0\0\0\0\0\x80\x3f", 12)));
}

TEST(NpyTest, HeaderEndsAtAMultipleOf64ForEveryRank) {
  for (int rank = 0; rank <= max_rank; ++rank) {
    Dims sizes;
    for (int axis = 0; axis < rank; ++axis) sizes.push_back(1'000'000'000'000 + axis);
    EXPECT_EQ(npy_header(DType::bf16, sizes).size() % 64, 0U) << rank;
    EXPECT_EQ(npy_header(DType::bf16, sizes).back(), '\n') << rank;
  }
}

TEST(NpyTest, WritesAnyStridesRowMajor) {
  const TempFolder folder;
  std::vector<float> memory(64);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i);
  // Backwards, broadcast, and every other one.
  const ConstTensorView x(memory.data() + 20, DType::f32, {3, 2, 4}, {-5, 0, 2});
  write_npy(folder / "y.npy", x, false);
  const Tensor y = read_npy(folder / "y.npy");
  for (int n = 0; n < 24; ++n) {
    EXPECT_EQ(y.data<float>()[n], static_cast<float>(20 - n / 8 * 5 + n % 4 * 2)) << n;
  }
}

TEST(NpyTest, EmptyAndScalarArrays) {
  const TempFolder folder;
  for (const Dims& sizes : {Dims(), Dims({0}), Dims({3, 0, 2}), Dims({1})}) {
    write_npy(folder / "y.npy", Tensor(DType::f64, sizes), true);
    EXPECT_EQ(read_npy(folder / "y.npy").sizes(), sizes);
  }
}

TEST(NpyTest, TwoBytesOfAnythingAreBfloat16OnlyWhereSaid) {
  const TempFolder folder;
  const std::string path = folder.write("x.npy", npy_file(1, dictionary("<V2", false, "(1,)"), "\x80\x3f"));
  EXPECT_TRUE(throws(Code::data, "bfloat16 is stored so", [&] { read_npy(path); }));
  EXPECT_EQ(to_float(*read_npy(path, {.void2_is_bfloat16 = true}).data<bfloat16>()), 1.0F);
}

TEST(NpyTest, OtherTypesAreRefusedByName) {
  const TempFolder folder;
  for (const char* descr : {"<i4", "<u4", ">i8", "|b1", "<c8", "|S4", "<U3", "|i1", "<f16", "|O", "|V8", "", "<"}) {
    const std::string path = folder.write("x.npy", npy_file(1, dictionary(descr, false, "(0,)"), ""));
    EXPECT_TRUE(throws(Code::data, fmt::format("got '{}'", descr), [&] { read_npy(path); }));
  }
}

TEST(NpyTest, LyingShapesAreRefusedBeforeMemoryIsTaken) {
  const TempFolder folder;
  for (const char* shape : {"(1099511627776,)", "(9223372036854775807,)", "(4294967296, 4294967296)",
                            "(4611686018427387904, 4)", "(0, 9223372036854775807)", "(99999999999999999999,)", "(-1,)",
                            "(2, -3)", "(1,1,1,1,1,1,1,1,1)", "(4,)", "(2,)", "(0,)", "()"}) {
    // Three values follow.
    const std::string path = folder.write("x.npy", npy_file(1, dictionary("<f4", false, shape), "012345678901"));
    EXPECT_TRUE(throws(Code::data, "x.npy: expected", [&] { read_npy(path); })) << shape;
  }
}

TEST(NpyTest, LyingHeaderLengthsAreRefused) {
  const TempFolder folder;
  const std::string head("\x93NUMPY\x02\x00", 8);
  for (const char* length : {"\xff\xff\xff\xff", "\x00\x00\x02\x00", "\xff\xff\x00\x00"}) {
    const std::string path = folder.write("x.npy", head + std::string(length, 4) + std::string(100, ' '));
    EXPECT_TRUE(throws(Code::data, "a header that fits", [&] { read_npy(path); }));
  }
}

TEST(NpyTest, BadHeadersAreRefused) {
  const TempFolder folder;
  const std::string good = dictionary("<f4", false, "(1,)");
  ASSERT_EQ(read_npy(folder.write("x.npy", npy_file(1, good, "0123"))).elements(), 1);
  for (const std::string bad :
       {"", "{}", "[1]", "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 1",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "{'descr': '<f4"}) {
    const std::string path = folder.write("x.npy", npy_file(1, bad, "0123"));
    EXPECT_TRUE(throws(Code::data, "[npy] ", [&] { read_npy(path); })) << bad;
  }
  for (const int version : {0, 4, 255}) {
    const std::string path = folder.write("x.npy", npy_file(version, good, "0123"));
    EXPECT_TRUE(throws(Code::data, "version 1 to 3", [&] { read_npy(path); })) << version;
  }
}

TEST(NpyTest, HeadersOfOtherWritersAreRead) {
  const TempFolder folder;
  for (const std::string header : {"{\"shape\":(1,3L),\"fortran_order\":False,\"descr\":\"=f4\"}",
                                   "{ 'descr' : '<f4' , 'fortran_order' : True , 'shape' : ( 1 , 3 , ) , } \n\n"}) {
    const Tensor x = read_npy(folder.write("x.npy", npy_file(1, header, "012345678901")));
    EXPECT_EQ(x.sizes(), Dims({1, 3})) << header;
  }
}

TEST(NpyTest, AHeadersTextReachesNoTerminal) {
  const TempFolder folder;
  const std::string path = folder.write("x.npy", npy_file(1, "{'descr': '<f4', \x1b[31m", ""));
  try {
    read_npy(path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos);
  }
}

TEST(NpyWriterTest, CommitsOnlyWholeArrays) {
  const TempFolder folder;
  const std::string values(24, 'v');
  {
    NpyWriter writer(folder / "y.npy", DType::f32, {2, 3}, false);
    writer.write(std::as_bytes(std::span(values).first(20)));
    EXPECT_TRUE(throws(Code::shape, "expected 4 more bytes", [&] { writer.commit(); }));
    EXPECT_TRUE(throws(Code::shape, "at most 4 more", [&] { writer.write(std::as_bytes(std::span(values))); }));
    EXPECT_FALSE(std::filesystem::exists(folder / "y.npy"));
  }
  EXPECT_TRUE(folder.names().empty());
  NpyWriter writer(folder / "y.npy", DType::f32, {2, 3}, false);
  writer.write(std::as_bytes(std::span(values).first(20)));
  writer.write(std::as_bytes(std::span(values).last(4)));
  writer.commit();
  EXPECT_EQ(read_npy(folder / "y.npy").sizes(), Dims({2, 3}));
  EXPECT_EQ(folder.names(), std::set<std::string>{"y.npy"});
}

TEST(NpyWriterTest, AFullDiskLeavesNothing) {
  const TempFolder folder;
  const Tensor x(DType::f32, {1000});
  EXPECT_TRUE(test::fails_on_full_disk(2000, [&] { write_npy(folder / "y.npy", x, false); }));
  EXPECT_TRUE(folder.names().empty());
  EXPECT_FALSE(test::fails_on_full_disk(5000, [&] { write_npy(folder / "y.npy", x, false); }));
  EXPECT_EQ(folder.names(), std::set<std::string>{"y.npy"});
}

}  // namespace
}  // namespace poise
