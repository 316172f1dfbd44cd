#pragma once

// What several oracles have in common: cells, their two-pass moments, and y = (x - center) * scale + shift.

#include "oracle.h"
#include "test_tensor.h"

namespace poise::test::oracle {

// Which cell each element is in, the shape that statistics of the cells have, and which elements count in them.
struct Cells {
  Keys of;
  Dims shape;
  std::vector<bool> counted = {};  // empty: all
  std::size_t count() const { return static_cast<std::size_t>(shape.product()); }
  bool counts(std::size_t i) const { return counted.empty() || counted[i]; }
};
Cells cells_keeping(const Dims& sizes, const Dims& kept);
// The same, elements that the parameters' mask leaves out not counting.
Cells cells_keeping(const Dims& sizes, const Dims& kept, const Parameters& p);

// mean = first + offset: a cell's first element is subtracted before anything is summed, which changes no formula and
// lets the reference keep all digits of x - mean however large the mean is.
struct Moment {
  Real n = 0, first = 0, offset = 0, m2 = 0;
  Real farthest = 0;  // the largest |x - mean|
  Real mean() const { return first + offset; }
  Real variance(Divisor divisor) const { return m2 / (divisor == Divisor::sample ? n - 1 : n); }
};
std::vector<Moment> moments(const Array& x, const Cells& cells);

// Sums of squares about zero, likewise.
struct Square {
  Real n = 0, sum = 0;
};
std::vector<Square> squares(const Array& x, const Cells& cells);

Real reciprocal_deviation(Real variance, Real eps, EpsPlace place);
inline Real eps_or(const Parameters& p, Real otherwise) { return p.eps < 0 ? otherwise : static_cast<Real>(p.eps); }

// A cell's affine and how far float64 may move it: the center absolutely, the scale relatively.
struct CellAffine {
  Real first = 0, offset = 0, scale = 1;
  Real center_error = 0, scale_error = 0;
  Real center() const { return first + offset; }
};

// gamma or beta for every element: the operand read along these axes, or one value where it is absent.
struct PerElement {
  Array values;
  Keys of;
  Real operator[](std::size_t i) const { return values[of.empty() ? 0 : of[i]]; }
};
PerElement along(ConstTensorView operand, const Dims& sizes, const Dims& axes, Real absent);

// The axes that gamma and beta run along, `otherwise` where the parameters name none; gamma as offset + g.
Dims gamma_axes(const Parameters& p, int rank, const Dims& otherwise);
PerElement gamma_of(const Parameters& p, const Dims& sizes, const Dims& axes);

// masked: what y is where an element does not count.
Expected apply(const Array& x, const Cells& cells, const std::vector<CellAffine>& affine, const PerElement& gamma,
               const PerElement& beta, Masked masked = Masked::normalize);

// The affine of a measured cell: mean and r(variance).
CellAffine normalizing(const Moment& m, DType x, Divisor divisor, Real eps, EpsPlace place);

// mean and rstd of the cells as results.
void give_mean_and_rstd(Expected& expected, const Cells& cells, const std::vector<CellAffine>& affine);

}  // namespace poise::test::oracle
