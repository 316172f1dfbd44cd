#include "io/idx.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/byte_order.h"

namespace poise {
namespace {

constexpr int u8_type = 0x08, f32_type = 0x0D, f64_type = 0x0E;

[[noreturn]] void throw_idx(const ByteStream& stream, const std::string& message) {
  throw Error(Code::data, fmt::format("[idx] {}: {}", stream.name(), message));
}

DType dtype_of(const ByteStream& stream, int type) {
  if (type == u8_type) return DType::u8;
  if (type == f32_type) return DType::f32;
  if (type == f64_type) return DType::f64;
  throw_idx(stream, fmt::format("expected values of type 8-bit unsigned (0x08), float32 (0x0D) or float64 (0x0E), got "
                                "0x{:02X}",
                                type));
}

std::int64_t read_size(ByteStream& stream) {
  std::array<std::byte, 4> raw{};
  stream.read(raw);
  swap_byte_order(raw, raw.size());
  std::uint32_t size = 0;
  std::memcpy(&size, raw.data(), sizeof size);
  return size;
}

}  // namespace

// Eight types of IDX exist, 0x08 to 0x0E; naming the ones not read is better than not knowing the file.
bool is_idx(std::span<const std::byte> head) noexcept {
  return head.size() >= 4 && head[0] == std::byte{0} && head[1] == std::byte{0} && head[2] >= std::byte{u8_type} &&
         head[2] <= std::byte{f64_type} && head[3] != std::byte{0};
}

IdxReader::IdxReader(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) { read_header(); }

void IdxReader::read_header() {
  std::array<std::byte, 4> start{};
  stream_->read(start);
  if (!is_idx(start)) throw_idx(*stream_, "expected an IDX file, got other first bytes");
  dtype_ = dtype_of(*stream_, std::to_integer<int>(start[2]));
  const int rank = std::to_integer<int>(start[3]);
  if (rank > max_rank) throw_idx(*stream_, fmt::format("expected at most {} axes, got {}", max_rank, rank));
  std::uint64_t bytes = size_of(dtype_);
  for (int axis = 0; axis < rank; ++axis) {
    sizes_.push_back(read_size(*stream_));
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(sizes_[axis], 1));
    if (__builtin_mul_overflow(bytes, factor, &bytes)) {
      throw_idx(*stream_, "expected sizes whose bytes 64 bits can count, got more");
    }
  }
  check_extent(*stream_, "idx", start.size() + 4 * static_cast<std::uint64_t>(rank), sizes_.product() == 0 ? 0 : bytes);
}

void IdxReader::read_samples(std::span<std::byte> block) {
  stream_->read(block);
  swap_byte_order(block, size_of(dtype_));
}

}  // namespace poise
