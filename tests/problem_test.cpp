#include "techniques/problem.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace poise {
namespace {

std::optional<Code> refusal(std::string_view text) {
  try {
    problem_from(text);
  } catch (const Error& error) {
    return error.code();
  }
  return {};
}

TEST(Problem, ReadsEveryPart) {
  const Problem p = problem_from("group_norm:bf16>f32:8x256x56x57@nhwc:groups=16:eps=1e-3:gamma:beta");
  EXPECT_STREQ(p.technique->name, "group_norm");
  EXPECT_EQ(p.x, DType::bf16);
  EXPECT_EQ(p.y, DType::f32);
  EXPECT_EQ(p.sizes, (Dims{8, 256, 56, 57}));
  EXPECT_EQ(p.strides, (Dims{256 * 56 * 57, 1, 57 * 256, 256}));
  EXPECT_EQ(p.y_strides, p.strides);
  EXPECT_EQ(p.parameters.groups, 16);
  EXPECT_EQ(p.parameters.eps, 1e-3);
  EXPECT_TRUE(p.gamma);
  EXPECT_TRUE(p.beta);
}

TEST(Problem, XAndYMayLieDifferently) {
  const Problem p = problem_from("preset:u8:8x3x56x57@nhwc>nchw");
  EXPECT_EQ(p.strides, (Dims{3 * 56 * 57, 1, 57 * 3, 3}));
  EXPECT_EQ(p.y_strides, (Dims{3 * 56 * 57, 56 * 57, 57, 1}));
}

TEST(Problem, DefaultsAreContiguousXsTypeAndNoOperands) {
  const Problem p = problem_from("layer_norm:f64:4x3");
  EXPECT_EQ(p.y, DType::f64);
  EXPECT_EQ(p.strides, (Dims{3, 1}));
  EXPECT_FALSE(p.gamma);
  EXPECT_FALSE(p.beta);
}

TEST(Problem, BytesBecomeFloat32) {
  EXPECT_EQ(problem_from("zscore:u8:2x3x4x4").y, DType::f32);
  EXPECT_EQ(problem_from("zscore:u8>bf16:2x3x4x4").y, DType::bf16);
}

TEST(Problem, EmptySizesAreSizes) { EXPECT_EQ(problem_from("layer_norm:f32:0x7").sizes, (Dims{0, 7})); }

TEST(Problem, TextRoundTrips) {
  for (const char* text : {
           "group_norm:f32:8x256x56x56:groups=16",
           "group_norm:f32:8x256x56x56@nhwc",
           "preset:u8:8x3x56x56@nhwc>nchw",
           "preset:u8:8x3x56x56@nchw>nhwc",
           "batch_norm:bf16>f32:32x64x56x56:eps_place=floor:momentum=0.25:gamma:beta",
           "layer_norm:f16:4x3x2:axes=1,-1:gamma",
           "zscore:u8:2x3x4x4:per=image",
           "zscore:u8>f16:2x3x4x4",
           "rms_norm:f64:7",
       }) {
    EXPECT_EQ(problem_from(text).str(), text);
  }
}

TEST(Problem, TextIsTheShortest) {
  EXPECT_EQ(problem_from("group_norm:f32>f32:2x4x3@nchw:beta:groups=32:gamma").str(),
            "group_norm:f32:2x4x3:gamma:beta");
  EXPECT_EQ(problem_from("zscore:u8>f32:2x3x4").str(), "zscore:u8:2x3x4");
  EXPECT_EQ(problem_from("zscore:u8:2x3x4@nhwc>nhwc").str(), "zscore:u8:2x3x4@nhwc");
  EXPECT_EQ(problem_from("zscore:u8:2x3x4@nchw>nchw").str(), "zscore:u8:2x3x4");
  // Without positions the two layouts are one.
  EXPECT_EQ(problem_from("batch_norm:f32:256x1024@nhwc").str(), "batch_norm:f32:256x1024");
}

TEST(Problem, RefusesBrokenText) {
  for (const char* text : {
           "",
           "group_norm",
           "group_norm:f32",
           "groupnorm:f32:2x4",
           "group_norm:float:2x4",
           "group_norm:f32>:2x4",
           "group_norm:>f32:2x4",
           "group_norm:f32:2x4@",
           "group_norm:f32:2x4@nwhc",
           "group_norm:f32:2x4@nchw>",
           "group_norm:f32:2x4@>nchw",
           "group_norm:f32:2x4@nchw>nchw>nchw",
           "group_norm:f32:2x4:",
           "group_norm:f32:2x4:groups",
           "group_norm:f32:2x4:groups=",
           "group_norm:f32:2x4:groups=x",
           "group_norm:f32:2x4:momentum=0.1",
           "group_norm:f32:2x4:gamma=1",
           "group_norm:f32:2x4:groups=2:groups=2",
           "group_norm:f32:2x4:gamma:gamma",
           "group_norm:f32:2x4:running_mean",
           "rms_norm:f32:2x4:divisor=sample",
       }) {
    EXPECT_EQ(refusal(text), Code::usage) << text;
  }
}

TEST(Problem, AChannelAxisIsOne) {
  EXPECT_EQ(problem_from("group_norm:f32:2x4x4:channel_axes=-1").parameters.channel_axes, (Dims{-1}));
  EXPECT_EQ(problem_from("batch_norm:f32:2x4x4:channel_axes=1,2").parameters.channel_axes, (Dims{1, 2}));
  EXPECT_EQ(refusal("group_norm:f32:2x4x4:channel_axes=1,2"), Code::usage);
  // One that only a narrowing cast would turn into axis 1.
  EXPECT_EQ(refusal("group_norm:f32:2x4x4:channel_axes=4294967297"), Code::usage);
}

TEST(Problem, RefusesBrokenSizes) {
  for (const char* text : {"group_norm:f32:", "group_norm:f32:2x", "group_norm:f32:x2", "group_norm:f32:2xx2",
                           "group_norm:f32:-2x4", "group_norm:f32:2,4", "group_norm:f32:1x1x1x1x1x1x1x1x1",
                           "group_norm:f32:4@nhwc", "group_norm:f32:99999999999999999999",
                           // The product of the sizes after a zero must not overflow either.
                           "group_norm:f32:0x1073741824x1073741824x1073741824"}) {
    EXPECT_EQ(refusal(text), Code::shape) << text;
  }
  EXPECT_EQ(refusal("group_norm:f32:1073741824x1073741824"), std::nullopt);
  EXPECT_EQ(refusal("group_norm:f32:1073741824x1073741825"), Code::shape);
}

TEST(Problem, SaysWhatTheTechniqueTakes) {
  try {
    problem_from("rms_norm:f32:2x4:groups=2");
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("[rms_norm] problem: expected one of ")) << message;
    EXPECT_NE(message.find("eps"), std::string::npos) << message;
    EXPECT_TRUE(message.ends_with(", got groups")) << message;
  }
}

}  // namespace
}  // namespace poise
