// Undoing input scaling: x = (y - shift) / scale + center.

#include "techniques/scaling.h"

#include "schedule/execute.h"

namespace poise {
namespace {

class Inverse final : public Merge {
 public:
  explicit Inverse(const InvertOptions& o) noexcept : center_(o.center), scale_(o.scale), shift_(o.shift) {}
  CellAffine operator()(std::int64_t cell, const Measured&) const noexcept override {
    return {shift_, 0, 1 / scale_.get(cell), center_.get(cell)};
  }

 private:
  Values center_, scale_;
  double shift_;
};

}  // namespace

void invert_scaling(TensorView x, ConstTensorView y, const InvertOptions& o, Context& context) {
  Call call("invert_scaling", x, y, context);
  const Dims kept = begin_scaling(call, o.per, o.channel_axis, {});
  if (!given_pair(call, "center", o.center, "scale", o.scale, kept)) {
    call.fail(Code::usage, "center, scale", "both", "none");
  }
  const Values scale(o.scale);
  for (std::int64_t i = 0; i < kept.product(); ++i)
    if (!(scale.get(i) != 0)) call.fail(Code::usage, "scale", "numbers other than 0", "0 or NaN");
  const Inverse merge(o);
  Job& job = call.job();
  job.to_u8 = true;
  job.merge = &merge;
  execute(job, context);
}

}  // namespace poise
