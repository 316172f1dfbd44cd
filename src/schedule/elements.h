#pragma once

#include "core/job.h"
#include "core/plan.h"
#include "core/sums.h"
#include "schedule/operands.h"

namespace poise {

// Calls visit(offsets) for every element, the last dim by addition instead of division.
template <class F>
void for_each_offset(const Offsets& base, const Partition& p, F&& visit) noexcept {
  const auto dims = p.dims();
  if (dims.empty()) return visit(base);
  const Dim& inner = dims.back();
  const auto outer = dims.first(dims.size() - 1);
  const std::int64_t count = elements(outer);
  for (std::int64_t o = 0; o < count; ++o) {
    Offsets at = base + offsets_at(outer, o);
    for (std::int64_t i = 0; i < inner.size; ++i) {
      visit(at);
      at = at + inner;
    }
  }
}

// What becomes of an element that does not count and is not left alone.
inline Masked masked_as(const Job& job, const Offsets& at) noexcept {
  const bool not_finite = static_cast<const std::uint8_t*>(job.mask.data())[at.mask] == Job::not_finite;
  return not_finite ? Masked::normalize : job.masked;
}

// One element at a time in float64: for layouts whose inner dim is not contiguous, and for cells so large or so small
// that float32 coefficients would overflow or lose digits.
class Elements {
 public:
  Elements(const Job& job, const Operands& operands) noexcept : job_(job), operands_(operands) {}

  // The sums of the elements that count, and how many they are.
  Sums measure(const Offsets& base, const Partition& dims, double pivot, std::int64_t& count) const noexcept;
  void map(const Offsets& base, const Partition& dims, const CellAffine& cell) const noexcept;
  // A cell's pivot, or 0 where sums are about zero: its first element, and the first that counts.
  double pivot(const Offsets& base) const noexcept {
    return job_.statistic == Statistic::moments ? element_at(job_.x.data(), job_.x.dtype(), base.x) : 0;
  }
  double pivot(const Offsets& base, const Partition& dims) const noexcept;

 private:
  const Job& job_;
  const Operands& operands_;
};

inline bool extreme(const CellAffine& cell, DType x) noexcept {
  const double scale = cell.scale < 0 ? -cell.scale : cell.scale;
  return x != DType::f64 && scale != 0 && (scale < least_scale || scale > most_scale);
}

// All of `a`'s dims, then all of `b`'s.
Partition joined(const Partition& a, const Partition& b) noexcept;

// The run of a rows plan as a dim.
inline Dim inner_dim(const Plan& plan) noexcept {
  const std::int64_t along = plan.per_element ? 1 : 0;
  return {{.x = 1, .y = 1, .dy = 1, .z = 1, .gamma = along, .beta = along, .param = plan.param.present ? along : 0},
          plan.length};
}

// The whole job this way, cell by cell.
void run_strided(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
