// The reader of ONNX files: a model put together by hand, and every way to break it.

#include "onnx.h"

#include <bit>

#include "expect.h"
#include "protobuf.h"

namespace poise::test {
namespace {

std::string number(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}
std::string integer(unsigned id, std::uint64_t value) { return number(id << 3) + number(value); }
std::string bytes(unsigned id, const std::string& content) {
  return number(id << 3 | 2) + number(content.size()) + content;
}
std::string four_bytes(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  std::string result;
  for (int shift = 0; shift < 32; shift += 8) result.push_back(static_cast<char>(bits >> shift));
  return result;
}

std::string model() {
  const std::string axis = bytes(1, "axis") + integer(3, static_cast<std::uint64_t>(-2));
  const std::string eps = bytes(1, "epsilon") + number(2 << 3 | 5) + four_bytes(0.25F);
  const std::string axes = bytes(1, "axes") + bytes(8, number(0) + number(300)) + integer(8, 7);
  const std::string node =
      bytes(1, "x") + bytes(2, "y") + bytes(4, "LayerNormalization") + bytes(5, axis) + bytes(5, eps) + bytes(5, axes);
  return integer(1, 9) + bytes(7, bytes(1, node)) + bytes(8, bytes(1, "other") + integer(2, 3)) +
         bytes(8, integer(2, 17));
}

std::string tensor() {
  return integer(1, 2) + integer(1, 1) + integer(2, 1) + bytes(8, "x") + bytes(9, four_bytes(1.5F) + four_bytes(-2.0F));
}

TEST(Onnx, AModelOfOneNode) {
  const onnx::Model m = onnx::model_from(model());
  EXPECT_EQ(m.opset, 17);
  ASSERT_EQ(m.nodes.size(), 1U);
  const onnx::Node& node = m.nodes[0];
  EXPECT_EQ(node.op, "LayerNormalization");
  EXPECT_EQ(node.inputs, std::vector<std::string>{"x"});
  EXPECT_EQ(node.outputs, std::vector<std::string>{"y"});
  EXPECT_EQ(node.integer("axis", -1), -2);
  EXPECT_EQ(node.real("epsilon", 1), 0.25);
  EXPECT_EQ(node.integers("axes", {}), (Dims{0, 300, 7}));
  EXPECT_EQ(node.integer("absent", 5), 5);
}

TEST(Onnx, ATensorRawListedAndPacked) {
  for (const std::string& data :
       {bytes(9, four_bytes(1.5F) + four_bytes(-2.0F)), bytes(4, four_bytes(1.5F) + four_bytes(-2.0F)),
        number(4 << 3 | 5) + four_bytes(1.5F) + number(4 << 3 | 5) + four_bytes(-2.0F)}) {
    const Array t = onnx::tensor_from(bytes(1, number(2) + number(1)) + integer(2, 1) + data);
    EXPECT_EQ(t.sizes, (Dims{2, 1}));
    EXPECT_EQ(t.values, (std::vector<Real>{1.5, -2}));
    EXPECT_EQ(t.type, DType::f32);
  }
  const Array integers =
      onnx::tensor_from(integer(1, 2) + integer(2, 7) + integer(7, 3) + integer(7, static_cast<std::uint64_t>(-4)));
  EXPECT_EQ(integers.values, (std::vector<Real>{3, -4}));
}

TEST(Onnx, RefusesWhatIsNone) {
  EXPECT_REFUSES(Code::data, "[protobuf] message: expected a field's number from 1 to 2^29 - 1, got 0",
                 onnx::model_from(std::string(1, '\0')));
  EXPECT_REFUSES(Code::data, "[protobuf] message: expected a number of at most 64 bits",
                 onnx::model_from(std::string(11, '\xFF')));
  EXPECT_REFUSES(Code::data, "[protobuf] message: expected a field of kind 0, 1, 2 or 5, got 3",
                 onnx::model_from("\x0B"));
  EXPECT_REFUSES(Code::data, "[protobuf] message: expected 5 more bytes, got 1", onnx::model_from("\x0A\x05x"));
  EXPECT_REFUSES(Code::data, "[protobuf] message: expected field 7 of kind 2, got 0", onnx::model_from(integer(7, 1)));
  EXPECT_REFUSES(Code::data, "[onnx] model: expected a graph with nodes, got none", onnx::model_from(""));
  EXPECT_REFUSES(Code::data, "[onnx] data_type: expected 1, 7, 10, 11 or 16, got 0", onnx::tensor_from(""));
  EXPECT_REFUSES(Code::data, "[onnx] raw_data: expected 8 bytes, got 4",
                 onnx::tensor_from(integer(1, 2) + integer(2, 1) + bytes(9, four_bytes(1))));
  EXPECT_REFUSES(Code::data, "[onnx] dims: expected at most 2^24 elements, got 1099511627776 on one axis",
                 onnx::tensor_from(integer(1, std::uint64_t{1} << 40) + integer(2, 1)));
}

// Cut anywhere, or any byte changed to anything: read or refused, never a crash (the sanitized build looks on).
TEST(Onnx, EveryCutAndEveryByteIsReadOrRefused) {
  int refused = 0;
  const auto try_both = [&](const std::string& file) {
    const auto attempt = [&](auto read) {
      try {
        read(file);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::data) << error.what();
        ++refused;
      }
    };
    attempt([](const std::string& f) { return onnx::model_from(f); });
    attempt([](const std::string& f) { return onnx::tensor_from(f); });
  };
  for (const std::string& whole : {model(), tensor()}) {
    for (std::size_t length = 0; length < whole.size(); ++length) try_both(whole.substr(0, length));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string changed = whole;
        changed[at] = static_cast<char>(value);
        try_both(changed);
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace poise::test
