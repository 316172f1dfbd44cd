// npz archives: what Poise writes, what others deflate, and every way to be damaged.

#include <array>
#include <cstring>
#include <vector>

#include "io/npz.h"

#include <gtest/gtest.h>

#include "temp_folder.h"

namespace poise {
namespace {

using test::content;
using test::TempFolder;
using test::throws;

Tensor arange(DType dtype, const Dims& sizes) {
  Tensor x(dtype, sizes);
  for (std::size_t i = 0; i < x.bytes(); ++i) x.data<unsigned char>()[i] = static_cast<unsigned char>(i);
  return x;
}

void expect_same(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.dtype(), b.dtype());
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_EQ(std::memcmp(a.data<char>(), b.data<char>(), a.bytes()), 0);
}

// Large enough that no piece of the archive holds it whole.
struct Sample {
  Tensor mean = arange(DType::f64, {32, 8});
  Tensor rstd = arange(DType::f32, {300'000});
  Tensor none = arange(DType::bf16, {0, 3});
  std::vector<NpzMember> members() const { return {{"mean", mean}, {"rstd", rstd}, {"none", none}}; }
};

TEST(NpzTest, GivesBackWhatWasWritten) {
  const TempFolder folder;
  const Sample sample;
  write_npz(folder / "s.npz", sample.members(), false);
  const std::vector<NpzArray> arrays = read_npz(folder / "s.npz", {.void2_is_bfloat16 = true});
  ASSERT_EQ(arrays.size(), 3U);
  EXPECT_EQ(arrays[0].name, "mean");
  EXPECT_EQ(arrays[1].name, "rstd");
  EXPECT_EQ(arrays[2].name, "none");
  expect_same(arrays[0].values, sample.mean);
  expect_same(arrays[1].values, sample.rstd);
  expect_same(arrays[2].values, sample.none);
  EXPECT_EQ(folder.names(), std::set<std::string>{"s.npz"});
}

TEST(NpzTest, TheSameArraysGiveTheSameBytesInEveryTimeZone) {
  const TempFolder folder;
  const Sample sample;
  for (const char* zone : {"UTC0", "JST-9", "PST8"}) {
    setenv("TZ", zone, 1);
    tzset();
    write_npz(folder / zone, sample.members(), false);
  }
  unsetenv("TZ");
  tzset();
  EXPECT_EQ(content(folder / "UTC0"), content(folder / "JST-9"));
  EXPECT_EQ(content(folder / "UTC0"), content(folder / "PST8"));
}

TEST(NpzTest, AnExistingFileIsKeptUnlessForced) {
  const TempFolder folder;
  const Sample sample;
  const std::string path = folder.write("s.npz", "old");
  EXPECT_TRUE(throws(Code::refused, "exists already", [&] { write_npz(path, sample.members(), false); }));
  EXPECT_EQ(content(path), "old");
  write_npz(path, sample.members(), true);
  EXPECT_EQ(read_npz(path, {.void2_is_bfloat16 = true}).size(), 3U);
}

TEST(NpzTest, AFullDiskLeavesNothing) {
  const TempFolder folder;
  const Sample sample;
  for (const rlim_t bytes : {0U, 1000U, 500'000U, 1'200'000U}) {
    EXPECT_TRUE(test::fails_on_full_disk(bytes, [&] { write_npz(folder / "s.npz", sample.members(), false); }));
    EXPECT_TRUE(folder.names().empty()) << bytes;
  }
  EXPECT_FALSE(test::fails_on_full_disk(1'300'000, [&] { write_npz(folder / "s.npz", sample.members(), false); }));
}

// Python's zipfile: a.npy, deflated, float32 of shape (2, 3) with the values 0 to 5.
constexpr std::array<unsigned char, 191> deflated = {
    0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x18, 0xa0, 0x3f, 0xc1,
    0x53, 0x00, 0x00, 0x00, 0x98, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x61, 0x2e, 0x6e, 0x70, 0x79, 0x9b,
    0xec, 0x17, 0xea, 0x1b, 0x10, 0xc9, 0xc8, 0x50, 0xc6, 0x50, 0xad, 0x9e, 0x92, 0x5a, 0x9c, 0x5c, 0xa4, 0x6e,
    0xa5, 0xa0, 0x6e, 0x93, 0x66, 0xa2, 0xae, 0xa3, 0xa0, 0x9e, 0x96, 0x5f, 0x54, 0x52, 0x94, 0x98, 0x17, 0x9f,
    0x5f, 0x94, 0x92, 0x0a, 0x12, 0x77, 0x4b, 0xcc, 0x29, 0x4e, 0x05, 0x8a, 0x17, 0x67, 0x24, 0x16, 0xa4, 0x02,
    0xf9, 0x1a, 0x46, 0x3a, 0x0a, 0xc6, 0x9a, 0xb5, 0x0a, 0x14, 0x00, 0x2e, 0x06, 0x30, 0x68, 0xb0, 0x07, 0x12,
    0x0e, 0x40, 0x04, 0xc4, 0x0d, 0x40, 0xbc, 0xc0, 0x01, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00,
    0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x18, 0xa0, 0x3f, 0xc1, 0x53, 0x00, 0x00, 0x00, 0x98, 0x00,
    0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x61, 0x2e, 0x6e, 0x70, 0x79, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01,
    0x00, 0x33, 0x00, 0x00, 0x00, 0x76, 0x00, 0x00, 0x00, 0x00, 0x00,
};

std::string deflated_archive() { return {deflated.begin(), deflated.end()}; }

TEST(NpzTest, ReadsWhatOthersDeflated) {
  const TempFolder folder;
  const std::vector<NpzArray> arrays = read_npz(folder.write("d.npz", deflated_archive()));
  ASSERT_EQ(arrays.size(), 1U);
  EXPECT_EQ(arrays[0].name, "a");
  ASSERT_EQ(arrays[0].values.sizes(), Dims({2, 3}));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(arrays[0].values.data<float>()[i], static_cast<float>(i));
}

TEST(NpzTest, EveryPrefixIsRefused) {
  const TempFolder folder;
  const std::string file = deflated_archive();
  for (std::size_t bytes = 0; bytes < file.size(); ++bytes) {
    const std::string path = folder.write("cut.npz", file.substr(0, bytes));
    EXPECT_TRUE(throws(Code::data, "cut.npz", [&] { read_npz(path); })) << "cut to " << bytes;
  }
}

TEST(NpzTest, DamagedValuesAreNeverGivenBack) {
  const TempFolder folder;
  const std::string file = deflated_archive();
  for (std::size_t byte = 0; byte < file.size(); ++byte) {
    std::string damaged = file;
    damaged[byte] = static_cast<char>(damaged[byte] ^ 0x55);
    const std::string path = folder.write("damaged.npz", damaged);
    try {
      // Much of a zip file says nothing of the content (versions, time, rights); then the values must be right.
      for (const NpzArray& array : read_npz(path)) {
        ASSERT_EQ(array.values.elements(), 6) << byte;
        for (int i = 0; i < 6; ++i) EXPECT_EQ(array.values.data<float>()[i], static_cast<float>(i)) << byte;
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::data) << error.what();
    }
  }
}

TEST(NpzTest, OtherFilesAreRefused) {
  const TempFolder folder;
  for (const char* text : {"", "not a zip archive at all, but long enough to hold one"}) {
    EXPECT_TRUE(throws(Code::data, "x.npz", [&] { read_npz(folder.write("x.npz", text)); }));
  }
  EXPECT_TRUE(throws(Code::io, "No such file", [&] { read_npz(folder / "none.npz"); }));
  EXPECT_TRUE(throws(Code::io, "a folder", [&] { read_npz(folder / ""); }));
}

TEST(NpzTest, ANameTwiceIsRefused) {
  const TempFolder folder;
  const Sample sample;
  const std::vector<NpzMember> members = {{"mean", sample.mean}, {"mean", sample.rstd}};
  write_npz(folder / "s.npz", members, false);
  EXPECT_TRUE(throws(Code::data, "'mean' twice", [&] { read_npz(folder / "s.npz"); }));
}

TEST(NpzTest, MembersThatAreNoArraysAreRefused) {
  const TempFolder folder;
  std::string file = deflated_archive();
  for (std::size_t at = file.find("a.npy"); at != std::string::npos; at = file.find("a.npy")) {
    file.replace(at, 5, "a.txt");
  }
  EXPECT_TRUE(throws(Code::data, "'a.txt'", [&] { read_npz(folder.write("t.npz", file)); }));
}

// The directory's word on the size, 24 bytes behind its signature, and the member's own, raised to 2 GiB.
TEST(NpzTest, LyingSizesAreRefusedBeforeMemoryIsTaken) {
  const TempFolder folder;
  std::string file = deflated_archive();
  file.replace(file.find("PK\x01\x02") + 24, 4, std::string("\x00\x00\x00\x80", 4));
  file.replace(22, 4, std::string("\x00\x00\x00\x80", 4));
  EXPECT_TRUE(throws(Code::data, "of 2147483648 bytes", [&] { read_npz(folder.write("l.npz", file)); }));
}

}  // namespace
}  // namespace poise
