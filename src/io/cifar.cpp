#include "io/cifar.h"

#include <array>

#include <fmt/format.h>
#include <poise/error.h>

namespace poise {
namespace {

constexpr std::size_t pixel_bytes = 3 * 32 * 32;

bool fits(const Extent& extent, std::uint64_t label_bytes) noexcept {
  return extent.exact && extent.bytes > 0 && extent.bytes % (pixel_bytes + label_bytes) == 0;
}

}  // namespace

int cifar_label_bytes(std::string_view path, const Extent& extent) noexcept {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const bool ten = name.starts_with("data_batch") || name.starts_with("test_batch");
  const bool hundred = name == "train.bin" || name == "test.bin";
  if (ten && fits(extent, 1)) return 1;
  if (hundred && fits(extent, 2)) return 2;
  return 0;
}

CifarReader::CifarReader(std::unique_ptr<ByteStream> stream, int label_bytes)
    : stream_(std::move(stream)), label_bytes_(static_cast<std::size_t>(label_bytes)) {
  const std::uint64_t images = stream_->extent().bytes / (pixel_bytes + label_bytes_);
  sizes_ = {static_cast<std::int64_t>(images), 3, 32, 32};
}

void CifarReader::check_labels(std::span<const std::byte> labels) const {
  constexpr std::array<std::array<unsigned, 2>, 2> classes = {{{10, 0}, {20, 100}}};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const unsigned label = std::to_integer<unsigned>(labels[i]), expected = classes[label_bytes_ - 1][i];
    if (label < expected) continue;
    throw Error(Code::data,
                fmt::format("[cifar] {}: expected labels below {}, got {}", stream_->name(), expected, label));
  }
}

void CifarReader::read_samples(std::span<std::byte> block) {
  std::array<std::byte, 2> labels{};
  for (std::size_t at = 0; at < block.size(); at += pixel_bytes) {
    stream_->read(std::span(labels).first(label_bytes_));
    check_labels(std::span(labels).first(label_bytes_));
    stream_->read(block.subspan(at, pixel_bytes));
  }
}

}  // namespace poise
