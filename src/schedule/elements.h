#pragma once

#include "core/job.h"
#include "core/plan.h"
#include "schedule/operands.h"
#include "schedule/sums.h"

namespace poise {

// One element at a time in float64: for layouts whose inner dim is not contiguous, and for cells so large or so small
// that float32 coefficients would overflow or lose digits.
class Elements {
 public:
  Elements(const Job& job, const Operands& operands) noexcept : job_(job), operands_(operands) {}

  Sums measure(const Offsets& base, const Partition& dims, double pivot) const noexcept;
  void map(const Offsets& base, const Partition& dims, const CellAffine& cell) const noexcept;
  // The first element of a cell: its pivot, or 0 where sums are about zero.
  double pivot(const Offsets& base) const noexcept;

 private:
  const Job& job_;
  const Operands& operands_;
};

// A std this far from 1 leaves float32's range when its reciprocal is multiplied with a deviation of up to sqrt(n) std.
inline bool extreme(const CellAffine& cell, DType x) noexcept {
  const double scale = cell.scale < 0 ? -cell.scale : cell.scale;
  return x != DType::f64 && scale != 0 && (scale < 1e-30 || scale > 1e30);
}

// All of `a`'s dims, then all of `b`'s.
Partition joined(const Partition& a, const Partition& b) noexcept;

// The whole job this way, cell by cell.
void run_strided(const Job& job, const Plan& plan, Context& context);

}  // namespace poise
