#pragma once

#include <span>
#include <vector>

#include <poise/context.h>
#include <poise/tensor.h>

#include "data/data_source.h"
#include "data/fingerprint.h"
#include "io/npy.h"

namespace poise {

// Maps a data set block by block into an array of its shape, in bounded memory. What the mapping is says run(); which
// pairs of types it takes says maps_directly(), any other pair, and 16-bit integers, go through float64.
class BlockMap {
 public:
  BlockMap(const SourceInfo& info, ValueType y) : info_(info), y_(y) {}
  virtual ~BlockMap() = default;

  // Whole samples, mapped, valid until the next call.
  std::span<const std::byte> map(std::span<const std::byte> samples);

 protected:
  const SourceInfo& info() const noexcept { return info_; }
  virtual bool maps_directly(DType x, DType y) const noexcept = 0;
  // How run() sees values of whole samples.
  virtual Dims shape(std::int64_t values) const = 0;
  virtual void run(TensorView y, ConstTensorView x, std::int64_t first_sample) = 0;

 private:
  const SourceInfo& info_;
  ValueType y_;
  std::int64_t next_sample_ = 0;
  std::vector<std::byte> y_block_;
  std::vector<double> wide_;
};

// All of the source, into the output. content, where given, becomes the fingerprint of what was read. Sets the
// context's threads and store policy to what suits blocks before the first of them.
void map_blocks(DataSource& source, BlockMap& blocks, NpyWriter& output, Context& context,
                Fingerprint* content = nullptr);

}  // namespace poise
