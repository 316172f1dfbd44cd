#pragma once

#include <algorithm>

#include "schedule/execute.h"
#include "techniques/scaling.h"

namespace poise {

// What min-max and symmetric scaling share: the smallest and the largest of a cell, given or measured.
class RangeScaling : public ScalingMerge {
 protected:
  RangeScaling(const ConstTensorView& min, const ConstTensorView& max, const ScalingResults& results,
               double shift) noexcept
      : ScalingMerge(results, shift), min_(min), max_(max) {}
  ~RangeScaling() = default;

  double low(std::int64_t cell, const Measured& m) const noexcept { return min_.get(cell, m.min); }
  double high(std::int64_t cell, const Measured& m) const noexcept { return max_.get(cell, m.max); }

 private:
  Values min_, max_;
};

template <class Options>
void run_range_scaling(Call& call, const Options& o, const ScalingResults& results, const Merge& merge) {
  const Dims kept = begin_scaling(call, o.per, o.channel_axis, results);
  const bool given = given_pair(call, "min", o.min, "max", o.max, kept);
  const Values min(o.min), max(o.max);
  for (std::int64_t i = 0; given && i < kept.product(); ++i)
    if (!(max.get(i) >= min.get(i))) call.fail(Code::usage, "max", "numbers of at least min", "a smaller one or NaN");
  Job& job = call.job();
  job.statistic = given ? Statistic::none : Statistic::range;
  job.merge = &merge;
  execute(job, call.context());
}

}  // namespace poise
