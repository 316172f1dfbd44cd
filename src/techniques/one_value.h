#pragma once

#include <algorithm>
#include <atomic>

#include "schedule/execute.h"

namespace poise {

// The fewest elements that count in any cell where some do; without a mask all cells have as many.
inline std::int64_t fewest_values(Call& call) {
  if (!call.job().mask.present()) return call.elements_a_cell();
  class Fewest final : public Merge {
   public:
    CellAffine operator()(std::int64_t, const Measured& m) const noexcept override {
      if (m.count == 0) return {};
      std::int64_t known = fewest.load();
      while (m.count < known && !fewest.compare_exchange_weak(known, m.count)) {
      }
      return {};
    }
    mutable std::atomic<std::int64_t> fewest{INT64_MAX};
  };
  const Fewest merge;
  Job job = call.job();
  job.statistic = Statistic::power;
  job.merge = &merge;
  job.maps = false;
  job.addition = {};
  job.gate = {};
  execute(job, call.context());
  return merge.fewest;
}

// Error{shape} where a cell has one value and the policy says so, before anything is written.
inline void check_one_value(Call& call, OneValue policy, const char* expected) {
  if (policy != OneValue::error || call.empty()) return;
  if (fewest_values(call) == 1) call.fail(Code::shape, "x", expected, "1");
}

}  // namespace poise
