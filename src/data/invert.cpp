#include "data/invert.h"

#include <fmt/format.h>
#include <poise/error.h>
#include <poise/scaling.h>

#include "data/block_map.h"

namespace poise {
namespace {

struct Coefficients {
  std::vector<double> center, scale;
};

// The techniques' own, channel by channel.
Coefficients coefficients_of(const Scaling& scaling) {
  Coefficients c;
  for (std::size_t i = 0; i < scaling.first.size(); ++i) {
    const double first = scaling.first[i], second = scaling.second[i];
    const double range = second == first ? 0 : second - first;
    switch (scaling.method) {
      case Method::zscore:
        c.center.push_back(first);
        c.scale.push_back(1 / second);
        break;
      case Method::minmax:
        c.center.push_back(first);
        c.scale.push_back(range == 0 ? 1 : 1 / range);
        break;
      case Method::symmetric:
        c.center.push_back(first + range / 2);
        c.scale.push_back(range == 0 ? 1 : 2 / range);
        break;
    }
  }
  return c;
}

class InverseBlocks final : public BlockMap {
 public:
  InverseBlocks(const SourceInfo& data, const Scaling& scaling, int channel_axis, ValueType x, Context& context)
      : BlockMap(data, x), channels_(data, channel_axis), coefficients_(coefficients_of(scaling)), context_(context) {}

 protected:
  bool maps_directly(DType y, DType x) const noexcept override {
    if (y == DType::f64 || y == DType::u8) return x == y && y == DType::f64;
    return x == y || x == DType::u8 || (x == DType::f32 && size_of(y) == 2);
  }
  Dims shape(std::int64_t values) const override { return channels_.shape(values); }
  void run(TensorView x, ConstTensorView y, std::int64_t first_sample) override {
    const std::size_t channel = channels_.first(first_sample);
    invert_scaling(x, y,
                   {.center = {coefficients_.center.data() + channel, {y.size(1)}},
                    .scale = {coefficients_.scale.data() + channel, {y.size(1)}}},
                   context_);
  }

 private:
  BlockChannels channels_;
  Coefficients coefficients_;
  Context& context_;
};

}  // namespace

void invert(DataSource& source, const Scaling& scaling, int channel_axis, ValueType x, NpyWriter& output,
            Context& context) {
  InverseBlocks blocks(source.info(), scaling, channel_axis, x, context);
  map_blocks(source, blocks, output, context);
}

}  // namespace poise
