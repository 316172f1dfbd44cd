#pragma once

#include "schedule/matrix.h"

namespace poise {

// How many doubles largest_singular needs.
std::int64_t largest_singular_memory(const Matrix& matrix) noexcept;

// The largest singular value of the matrix with unit vectors u (rows) and v (columns), directly: no iteration that a
// small gap to the second could stall. W W^T, or W^T W where that is smaller, is made tridiagonal by reflections
// (Householder 1958), its largest eigenvalue found by bisection of Sturm's counts, the vector by a twisted
// factorization (Parlett, Dhillon 1997); every step is backward stable. With k the shorter side, the relative error is
// at most (rows + columns) * k * 2^-52; in practice it is a few 2^-52. O(k^2 (rows + columns)) operations.
double largest_singular(const Matrix& matrix, double* memory, double* u, double* v, Context& context) noexcept;

}  // namespace poise
