#pragma once

#include <poise/instance_norm.h>

#include "techniques/running.h"
#include "techniques/segments.h"

namespace poise {

inline Deviation deviation_of(const InstanceNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

// Keeps every instance's mean and variance, for their average over samples.
class InstanceMerge final : public Merge {
 public:
  InstanceMerge(const InstanceNormOptions& o, const InstanceNormResults& r, double* kept) noexcept
      : normalize_(deviation_of(o), r.mean, r.rstd),
        divisor_(o.running_divisor),
        fewest_(o.one_value == OneValue::skip_update ? 2 : 1),
        kept_(kept) {}

  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    if (kept_ != nullptr) keep(cell, m);
    return normalize_(cell, m);
  }
  void merge_many(std::int64_t first, std::int64_t stride, std::int64_t count, const Measured* m,
                  CellAffine* affine) const noexcept override {
    for (std::int64_t i = 0; kept_ != nullptr && i < count; ++i) keep(first + i * stride, m[i]);
    normalize_.merge_many(first, stride, count, m, affine);
  }

 private:
  void keep(std::int64_t cell, const Measured& m) const noexcept {
    kept_[2 * cell] = m.mean;
    kept_[2 * cell + 1] = m.count < fewest_ ? -1 : variance_of(m, divisor_);
  }

  Normalize normalize_;
  Divisor divisor_;
  std::int64_t fewest_;
  double* kept_;
};

// Whether running statistics normalize; both or none must be there.
inline bool evaluates(const Call& call, const InstanceNormOptions& o) {
  if (o.mode != InstanceNormMode::evaluation) return false;
  if (o.running_mean.present() != o.running_var.present()) {
    call.fail(Code::usage, "running_mean, running_var", "both or none in evaluation", "one");
  }
  return o.running_mean.present();
}

inline SegmentOptions segment_options(const InstanceNormOptions& o) noexcept {
  return {o.labels, o.label_count, o.one_value, deviation_of(o)};
}

// Running statistics know no labels.
inline void refuse_running(const Call& call, const InstanceNormOptions& o, const InstanceNormResults& r) {
  for (const ConstTensorView& v :
       {o.running_mean, o.running_var, ConstTensorView(r.running_mean), ConstTensorView(r.running_var)})
    if (v.present()) call.fail(Code::usage, "running_mean, running_var", "none with labels", "one");
}

}  // namespace poise
