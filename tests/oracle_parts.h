#pragma once

// What several oracles have in common: cells, their two-pass moments, and y = (x - center) * scale + shift.

#include <cmath>

#include "oracle.h"
#include "test_tensor.h"

namespace poise::test::oracle {

// Which cell each element is in, the shape that statistics of the cells have, and which elements do not count.
struct Cells {
  Keys of;
  Dims shape;
  std::vector<bool> out = {};  // by element; empty: all count
  Masked masked = Masked::zero;

  std::size_t count() const { return static_cast<std::size_t>(shape.product()); }
  bool counts(std::size_t i) const { return out.empty() || !out[i]; }
};
Cells cells_keeping(const Dims& sizes, const Dims& kept);
Cells without_masked(Cells cells, const Parameters& p);
// Each cell split by label, the labels along its last axis; sizes are those of the tensor that the labels are of.
Cells by_label(Cells cells, const Dims& sizes, ConstTensorView labels, const Parameters& p);

// mean = first + offset: a cell's first element is subtracted before anything is summed, which changes no formula and
// lets the reference keep all digits of x - mean however large the mean is. Of no elements, all is 0; so is the
// variance of one by the divisor n - 1.
struct Moment {
  Real n = 0, first = 0, offset = 0, m2 = 0;
  Real farthest = 0;  // the largest |x - mean|
  Real mean() const { return first + offset; }
  Real divisor(Divisor of) const { return of == Divisor::sample ? n - 1 : n; }
  Real variance(Divisor of) const { return n > 0 && divisor(of) > 0 ? m2 / divisor(of) : 0; }
  Real sd() const { return n > 0 ? std::sqrt(m2 / n) : 0; }
};
std::vector<Moment> moments(const Array& x, const Cells& cells);

// About zero.
struct Square {
  Real n = 0, sum = 0;
};
std::vector<Square> squares(const Array& x, const Cells& cells);

Real reciprocal_deviation(Real variance, Real eps, EpsPlace place);
inline Real eps_or(const Parameters& p, Real otherwise) { return p.eps < 0 ? otherwise : static_cast<Real>(p.eps); }

// A cell's affine, y = gamma * ((x - center) * scale + shift) + identity * (x - center) + beta, and how far float64 may
// move it: the scale relatively, the others absolutely.
struct CellAffine {
  Real first = 0, offset = 0, scale = 1;
  Real center_error = 0, scale_error = 0;
  Real shift = 0, identity = 0, shift_error = 0;
  Real center() const { return first + offset; }
};

// gamma or beta for every element: the operand read along these axes, or one value where it is absent.
struct PerElement {
  Array values;
  Keys of;
  bool narrowed = false;  // its values are not float32: a loop that has one for each element rounds them
  Real operator[](std::size_t i) const { return values[of.empty() ? 0 : of[i]]; }
};
PerElement along(ConstTensorView operand, const Dims& sizes, const Dims& axes, Real absent);
// gamma_axes where they are named, else the technique's own; gamma with its offset.
Dims gamma_axes_or(const Parameters& p, int rank, const Dims& otherwise);
PerElement gamma_of(const Parameters& p, const Dims& sizes, const Dims& axes, Real absent = 1);
PerElement beta_of(const Parameters& p, const Dims& sizes, const Dims& axes);
int channel_axis(const Parameters& p, int rank);

Expected apply(const Array& x, const Cells& cells, const std::vector<CellAffine>& affine, const PerElement& gamma,
               const PerElement& beta);

// The affine of a measured cell: mean and r(variance); and of all.
CellAffine normalizing(const Moment& m, DType x, Divisor divisor, Real eps, EpsPlace place);
std::vector<CellAffine> normalizing(const Array& x, const Cells& cells, Divisor divisor, Real eps, EpsPlace place);

// mean and rstd of the cells as results.
void give_mean_and_rstd(Expected& expected, const Cells& cells, const std::vector<CellAffine>& affine);

}  // namespace poise::test::oracle
