#include "data/block_map.h"

#include "data/convert.h"

namespace poise {

std::span<const std::byte> BlockMap::map(std::span<const std::byte> samples) {
  const auto values = static_cast<std::int64_t>(samples.size() / size_of(info_.dtype));
  const Dims sizes = shape(values);
  y_block_.resize(static_cast<std::size_t>(values) * size_of(y_));
  const bool computable = info_.dtype != ValueType::u16() && y_ != ValueType::u16();
  if (computable && maps_directly(info_.dtype.dtype(), y_.dtype())) {
    run({y_block_.data(), y_.dtype(), sizes}, {samples.data(), info_.dtype.dtype(), sizes}, next_sample_);
  } else {
    wide_.resize(static_cast<std::size_t>(values));
    widen(samples, info_.dtype, wide_);
    run({wide_.data(), sizes}, {wide_.data(), sizes}, next_sample_);
    narrow(wide_, y_, y_block_);
  }
  next_sample_ += values / info_.sample_values();
  return y_block_;
}

void map_blocks(DataSource& source, BlockMap& blocks, NpyWriter& output, Context& context, Fingerprint* content) {
  // A block is written to the file next, so its values belong in the cache; mapping it takes less time than other
  // threads would take to wake.
  context.store = StorePolicy::cached;
  context.threads = 1;
  const std::size_t bytes = source.info().sample_bytes();
  std::vector<std::byte> block = source.make_block();
  while (const std::int64_t count = source.read(block)) {
    const auto samples = std::span<const std::byte>(block).first(static_cast<std::size_t>(count) * bytes);
    if (content) source.add_content(*content, samples);
    output.write(blocks.map(samples));
  }
}

}  // namespace poise
