#pragma once

#include "techniques/backward.h"

namespace poise {

// The merge of what scales by r(mean of x^2) about zero: RMS and filter response norm.
class RmsMerge final : public Merge {
 public:
  RmsMerge(const Deviation& deviation, const TensorView& rstd) noexcept : deviation_(deviation), rstd_(rstd) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    const double r = deviation_.reciprocal(m);
    rstd_.set(cell, r);
    return {0, 0, r, 0};
  }
  void merge_many(std::int64_t first, std::int64_t stride, std::int64_t count, const Measured* m,
                  CellAffine* affine) const noexcept override {
    for (std::int64_t i = 0; i < count; ++i) affine[i] = {0, 0, deviation_.reciprocal(m[i]), 0};
    for (std::int64_t i = 0; rstd_.present() && i < count; ++i) rstd_.set(first + i * stride, affine[i].scale);
  }

 private:
  Deviation deviation_;
  Values rstd_;
};

// A backward call's rstd: what is saved, or measured again.
inline TensorView rms_of(Call& call, TensorView saved, const Dims& cells, const Deviation& deviation) {
  check_saved_operand(call, "rstd", saved, cells);
  if (saved.present()) return saved;
  saved = {call.memory(cells.product()), DType::f64, cells};
  if (!call.empty()) measure_again(call, Statistic::power, RmsMerge(deviation, saved));
  return saved;
}

}  // namespace poise
