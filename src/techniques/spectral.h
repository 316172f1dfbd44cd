#pragma once

#include <poise/spectral_norm.h>

#include "core/call.h"
#include "schedule/matrix.h"

namespace poise {

// W as a matrix: which axis is its rows.
struct SpectralShape {
  int axis = 0;
  std::int64_t rows = 0, columns = 0;
};

SpectralShape check_spectral(Call& call, const SpectralNormOptions& options);
// Results of u and v may be the options' own memory, since all is read before anything is written.
void check_spectral_results(const Call& call, const SpectralNormResults& results, const SpectralShape& shape);
void check_spectral_saved(const Call& call, const SpectralNormResults& saved, const SpectralShape& shape);

// The matrix with its two vectors in float64, v in the matrix's own order of columns.
class Spectral {
 public:
  // Takes all memory.
  Spectral(Call& call, const SpectralNormOptions& options, const Matrix& matrix);

  const Matrix& matrix() const noexcept { return matrix_; }
  const double* u() const noexcept { return u_; }
  const double* v() const noexcept { return v_; }

  // sigma, by the options' iterations from their u and v, or exactly; u and v are then what it was formed with.
  double find(const SpectralNormOptions& options) noexcept;
  // u, v and sigma of a forward call.
  double take(const SpectralNormResults& saved) noexcept;
  void give(const SpectralNormResults& results) const noexcept;
  // u and v times a number each: apart, since their product may leave float64's range where a gradient does not.
  void scale(double of_u, double of_v) noexcept;
  // sum dy*W
  double product() const noexcept { return matrix_.product(work_); }

 private:
  // Absent: cos(1), cos(2), ...
  void read_u(const ConstTensorView& u) noexcept;
  void read_v(const ConstTensorView& v) noexcept;
  // Of the rows, u; else v.
  void multiply(bool rows) noexcept;
  void renew(bool rows, const SpectralNormOptions& options) noexcept;
  void renew_both(bool rows, const SpectralNormOptions& options) noexcept;

  Matrix matrix_;
  Context& context_;
  double *u_, *v_, *work_;
  double *exact_ = nullptr, *room_ = nullptr;
  double sigma_ = 0;
};

}  // namespace poise
