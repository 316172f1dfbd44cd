#include "data/data_source.h"

#include <algorithm>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/interrupt.h"

namespace poise {
Dims SourceInfo::sample_shape() const {
  return shape.empty() ? shape : Dims(std::span(shape.begin(), shape.end()).subspan(1));
}

void DataSource::add_content(Fingerprint& to, std::span<const std::byte> samples) const {
  const std::size_t bytes = info_.sample_bytes();
  for (std::size_t at = 0; at < samples.size(); at += bytes) to.add(samples.subspan(at, bytes));
}

std::vector<std::byte> DataSource::make_block() const {
  return std::vector<std::byte>(std::max(info_.sample_bytes(), info_.block_bytes));
}

std::int64_t DataSource::read(std::span<std::byte> block) {
  check_interrupt();
  const std::size_t bytes = info_.sample_bytes();
  const std::int64_t left = bytes == 0 ? 0 : info_.samples() - position_;
  if (left > 0 && block.size() < bytes) {
    throw Error(Code::usage, fmt::format("[data] block: expected at least {} bytes, got {}", bytes, block.size()));
  }
  const std::int64_t count = left == 0 ? 0 : std::min(left, static_cast<std::int64_t>(block.size() / bytes));
  if (count > 0) read_samples(block.first(static_cast<std::size_t>(count) * bytes));
  if (count == left) expect_end();
  position_ += count;
  return count;
}

}  // namespace poise
