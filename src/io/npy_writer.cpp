#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/interrupt.h"
#include "io/npy.h"

namespace poise {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

using Sink = std::function<void(std::span<const std::byte>)>;

// Collects values into pieces, so that the sink is called seldom and memory stays small.
class Pieces {
 public:
  explicit Pieces(const Sink& sink) : sink_(sink) { piece_.reserve(piece_bytes + 8); }
  void add(const std::byte* value, std::size_t size) {
    piece_.insert(piece_.end(), value, value + size);
    if (piece_.size() >= piece_bytes) flush();
  }
  void flush() {
    check_interrupt();
    sink_(piece_);
    piece_.clear();
  }

 private:
  const Sink& sink_;
  std::vector<std::byte> piece_;
};

void add_values(Pieces& pieces, const ConstTensorView& x, const std::byte* at, int axis) {
  const std::size_t size = size_of(x.dtype());
  if (axis == x.rank()) return pieces.add(at, size);
  const std::int64_t step = x.stride(axis) * static_cast<std::int64_t>(size);
  for (std::int64_t i = 0; i < x.size(axis); ++i) add_values(pieces, x, at + i * step, axis + 1);
}

void add_dense(const ConstTensorView& x, const Sink& sink) {
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(x.data()),
                                         static_cast<std::size_t>(x.elements()) * size_of(x.dtype()));
  for (std::size_t done = 0; done < bytes.size(); done += piece_bytes) {
    check_interrupt();
    sink(bytes.subspan(done, std::min(piece_bytes, bytes.size() - done)));
  }
}

}  // namespace

NpyWriter::NpyWriter(const std::string& path, ValueType dtype, const Dims& sizes, bool force)
    : file_(path, force), bytes_left_(static_cast<std::uint64_t>(sizes.product()) * size_of(dtype)) {
  const std::string header = npy_header(dtype, sizes);
  file_.write(std::as_bytes(std::span(header)));
}

void NpyWriter::write(std::span<const std::byte> values) {
  if (values.size() > bytes_left_) {
    throw Error(Code::shape, fmt::format("[npy] {}: expected at most {} more bytes for its shape, got {}", file_.path(),
                                         bytes_left_, values.size()));
  }
  bytes_left_ -= values.size();
  file_.write(values);
}

void NpyWriter::commit() {
  if (bytes_left_ != 0) {
    throw Error(Code::shape,
                fmt::format("[npy] {}: expected {} more bytes for its shape, got none", file_.path(), bytes_left_));
  }
  file_.commit();
}

void write_npy(ConstTensorView x, const Sink& sink) {
  const std::string header = npy_header(x.dtype(), x.sizes());
  sink(std::as_bytes(std::span(header)));
  if (x.strides() == contiguous_strides(x.sizes())) return add_dense(x, sink);
  Pieces pieces(sink);
  if (x.elements() > 0) add_values(pieces, x, static_cast<const std::byte*>(x.data()), 0);
  pieces.flush();
}

void write_npy(const std::string& path, ConstTensorView x, bool force) {
  AtomicFile file(path, force);
  write_npy(x, [&](std::span<const std::byte> bytes) { file.write(bytes); });
  file.commit();
}

std::uint64_t npy_bytes(ConstTensorView x) {
  return npy_header(x.dtype(), x.sizes()).size() + static_cast<std::uint64_t>(x.elements()) * size_of(x.dtype());
}

}  // namespace poise
