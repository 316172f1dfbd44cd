#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/byte_order.h"
#include "io/interrupt.h"
#include "io/npy.h"

namespace poise {
namespace {

// Between two of these a stop that was asked for is seen.
constexpr std::size_t piece_bytes = std::size_t{1} << 24;

Dims fortran_strides(const Dims& sizes) {
  Dims strides = sizes;
  std::int64_t step = 1;
  for (int axis = 0; axis < sizes.size(); ++axis) {
    strides[axis] = step;
    step *= std::max<std::int64_t>(sizes[axis], 1);
  }
  return strides;
}

// Counts through the axes of a sample in Fortran order, keeping the place in row-major order.
class SampleOdometer {
 public:
  explicit SampleOdometer(const Dims& sizes) : sizes_(sizes), strides_(contiguous_strides(sizes)) {
    while (index_.size() < sizes.size()) index_.push_back(0);
  }
  std::int64_t place() const noexcept { return place_; }
  void advance() noexcept {
    for (int axis = 1; axis < sizes_.size(); ++axis) {
      place_ += strides_[axis];
      if (++index_[axis] < sizes_[axis]) return;
      place_ -= strides_[axis] * sizes_[axis];
      index_[axis] = 0;
    }
  }

 private:
  Dims sizes_, strides_, index_;
  std::int64_t place_ = 0;
};

}  // namespace

NpyReader::NpyReader(std::unique_ptr<ByteStream> stream, const NpyOptions& options)
    : stream_(std::move(stream)), header_(read_npy_header(*stream_, options)) {}

Tensor NpyReader::read_all() {
  if (header_.dtype == ValueType::u16()) {
    throw Error(Code::data,
                fmt::format("[npy] {}: expected values to compute with, got 16-bit integers, which poise stats and "
                            "poise apply read",
                            stream_->name()));
  }
  Tensor x(header_.dtype.dtype(), header_.sizes,
           header_.fortran ? fortran_strides(header_.sizes) : contiguous_strides(header_.sizes));
  std::span<std::byte> bytes(x.data<std::byte>(), x.bytes());
  for (std::size_t done = 0; done < bytes.size(); done += piece_bytes) {
    check_interrupt();
    const auto piece = bytes.subspan(done, std::min(piece_bytes, bytes.size() - done));
    stream_->read(piece);
    if (header_.swapped) swap_byte_order(piece, size_of(header_.dtype));
  }
  stream_->expect_end();
  return x;
}

void NpyReader::read_samples(std::span<std::byte> block) {
  if (header_.fortran) {
    read_fortran_samples(block);
  } else {
    stream_->read(block);
  }
  if (header_.swapped) swap_byte_order(block, size_of(header_.dtype));
}

// One value of all samples lies together: each value of a sample is a run in the file, spread in the block.
void NpyReader::read_fortran_samples(std::span<std::byte> block) {
  const std::size_t size = size_of(header_.dtype);
  const auto rows = static_cast<std::uint64_t>(samples());
  const std::size_t values = header_.data_bytes() / rows / size;
  std::vector<std::byte> run(block.size() / values);
  SampleOdometer odometer(header_.sizes);
  for (std::size_t value = 0; value < values; ++value, odometer.advance()) {
    stream_->read_at(header_.data_offset + (value * rows + next_sample_) * size, run);
    std::byte* to = block.data() + static_cast<std::size_t>(odometer.place()) * size;
    for (std::size_t i = 0; i < run.size(); i += size, to += values * size) std::memcpy(to, run.data() + i, size);
  }
  next_sample_ += run.size() / size;
}

// Of Fortran order the places read are exact, and so was the check of the file's size.
void NpyReader::expect_end() {
  if (!header_.fortran) stream_->expect_end();
}

Tensor read_npy(const std::string& path, const NpyOptions& options) {
  return NpyReader(open_stream(path), options).read_all();
}

}  // namespace poise
