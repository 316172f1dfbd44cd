#pragma once

// How far ONNX's stored outputs may lie from the truth: they were computed by numpy in float32, from these formulas.
//
// u = 2^-24, n elements of a cell, A their mean |x|, sd their deviation. A sum of n terms errs by (n - 1)u relative to
// its absolute terms in whatever order (Higham 2002, 4.2), each operation by u of its result.
//   mean           sum, division, the stored mean                                        d = (n + 1)u A
//   variance       about the computed mean: sum (x - m)^2 + n d^2; subtraction u twice, square, sum, division:
//                  relative (n + 4)u + (d/sd)^2;  sqrt halves it, eps, sqrt, reciprocal: (n + 4)u/2 + (d/sd)^2/2 + 3u
//   mean square    relative (n + 2)u, as rstd (n + 2)u/2 + 3u
//   E[x^2] - E[x]^2  absolute (n + 2)u q + (2n + 4)u A^2 with q the mean square, relative to the variance; half of it
//   norms          sum |x|: nu; sqrt(sum x^2): (n + 1)u/2 + u
//   LRN            (k + a*sum)^-beta: beta(size + 5)u for sum, a and k, 4u for the power
// The map, (x - mean), * rstd, * gamma, + beta: 4u|t| + u|shift|. Poise adds at most 6u(|t| + |shift|) of its own.

#include <string_view>

#include "oracle_parts.h"

namespace poise::test {

struct Peer {
  oracle::Cells cells;
  std::vector<oracle::CellAffine> affine;  // with the errors of float32
  oracle::PerElement gamma, beta;
};

inline constexpr Real u = 0x1p-24L;

std::vector<oracle::CellAffine> centered(const Array& x, const oracle::Cells& cells, double eps);
std::vector<oracle::CellAffine> mean_square(const Array& x, const oracle::Cells& cells, double eps);
// eps outside.
std::vector<oracle::CellAffine> variance_by_difference(const Array& x, const oracle::Cells& cells, double eps);
std::vector<oracle::CellAffine> norm(const Array& x, const oracle::Cells& cells, std::int64_t p);
std::vector<oracle::CellAffine> given(const Array& mean, const Array& variance, double eps);
// Every element a cell of its own, the window along the channel axis; ONNX's window: one more after than before.
Peer local_response(const Array& x, std::int64_t size, double alpha, double beta, double k);

// How far Poise may lie from the stored y, one bound an element, and from the stored statistics.
std::vector<Real> bound_of_y(const Array& x, const Peer& peer);
std::vector<Real> bound_of_mean(const Peer& peer);
std::vector<Real> bound_of_rstd(const Peer& peer);

}  // namespace poise::test
