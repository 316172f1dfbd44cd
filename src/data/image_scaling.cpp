#include "data/image_scaling.h"

#include <algorithm>

#include <fmt/format.h>
#include <poise/error.h>
#include <poise/minmax.h>
#include <poise/symmetric.h>
#include <poise/zscore.h>

#include "data/block_map.h"
#include "data/channel_layout.h"

namespace poise {
namespace {

class ImageBlocks final : public BlockMap {
 public:
  ImageBlocks(const SourceInfo& data, const ImageScaling& scaling, DType y, Context& context)
      : BlockMap(data, y), scaling_(scaling), context_(context) {
    const ChannelLayout layout = channel_layout(data.shape, scaling.channel_axis);
    channels_ = layout.channels;
    inner_ = scaling.channel_axis < 0 ? data.sample_values() : layout.inner;
  }
  std::uint64_t constant() const noexcept { return constant_; }

 protected:
  bool maps_directly(DType x, DType y) const noexcept override { return poise::maps_directly(x, y); }
  // (images, outer, channels, inner)
  Dims shape(std::int64_t values) const override {
    const std::int64_t images = values / info().sample_values();
    return {images, values / (images * channels_ * inner_), channels_, inner_};
  }

  void run(TensorView y, ConstTensorView x, std::int64_t) override {
    if (x.elements() == 0) return;
    scale_.resize(static_cast<std::size_t>(x.size(0) * channels_));
    const ScalingResults results{.scale = {scale_.data(), {x.size(0), channels_}}};
    switch (scaling_.method) {
      case Method::zscore:
        zscore(y, x, {.per = Per::image, .channel_axis = 2, .eps = scaling_.eps}, results, context_);
        break;
      case Method::minmax:
        minmax(y, x, {.per = Per::image, .channel_axis = 2}, results, context_);
        break;
      case Method::symmetric:
        symmetric(y, x, {.per = Per::image, .channel_axis = 2}, results, context_);
        break;
    }
    count_constant(y);
  }

 private:
  // A scale of 1 is either that of a constant cell, whose y is 0 throughout, or rightly 1. With eps a constant cell is
  // scaled by it like all others.
  void count_constant(ConstTensorView y) {
    for (std::size_t cell = 0; cell < scale_.size(); ++cell) {
      if (scale_[cell] == 1 && all_zero(y, static_cast<std::int64_t>(cell))) ++constant_;
    }
  }

  bool all_zero(ConstTensorView y, std::int64_t cell) const {
    const std::size_t size = size_of(y.dtype()), run = static_cast<std::size_t>(inner_) * size;
    const auto* data = static_cast<const std::byte*>(y.data());
    const std::int64_t outer = y.size(1);
    for (std::int64_t o = 0; o < outer; ++o) {
      const std::int64_t at = (cell / channels_ * outer + o) * channels_ + cell % channels_;
      const std::byte* first = data + static_cast<std::size_t>(at) * run;
      if (!std::all_of(first, first + run, [](std::byte b) { return b == std::byte{0}; })) return false;
    }
    return true;
  }

  ImageScaling scaling_;
  Context& context_;
  std::int64_t channels_ = 1, inner_ = 1;
  std::vector<double> scale_;
  std::uint64_t constant_ = 0;
};

}  // namespace

std::uint64_t apply_per_image(DataSource& source, const ImageScaling& scaling, DType y, NpyWriter& output,
                              Context& context) {
  check_output(y);
  if (source.info().shape.empty() || scaling.channel_axis == 0) {
    throw Error(Code::usage, fmt::format("[apply] {}: expected images along the first axis and channels along another",
                                         source.info().name));
  }
  ImageBlocks blocks(source.info(), scaling, y, context);
  map_blocks(source, blocks, output, context);
  return blocks.constant();
}

}  // namespace poise
