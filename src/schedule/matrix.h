#pragma once

#include <poise/context.h>
#include <poise/tensor.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/matrix.h"

namespace poise {

// A tensor as a matrix: the indices of one axis are its rows, those of all others its columns, whatever the strides.
// It is read along its most contiguous lines: along rows where some other axis is innermost in memory, else along
// columns. Columns are numbered as they lie in memory; `column_of` says where a caller's column is.
//
// Vectors are float64. Every sum has an order of its own that threads do not change.
class Matrix {
 public:
  // dy and dx, where given, have x's sizes.
  Matrix(const ConstTensorView& x, int row_axis, Context& context, const ConstTensorView& dy = {},
         const TensorView& dx = {}) noexcept;

  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t columns() const noexcept { return columns_; }
  std::int64_t pieces() const noexcept { return line_count_ * pieces_a_line(longest_); }
  // Of the index among all axes but the row axis, the last fastest.
  std::int64_t column_of(std::int64_t index) const noexcept;

  // t = x v and z = x^T u.
  void times(const double* v, double* t) const noexcept { along_rows_ ? gather(v, t) : spread(v, t); }
  void transposed_times(const double* u, double* z) const noexcept { along_rows_ ? spread(u, z) : gather(u, z); }

  // t = x v and z = x^T t, or z = x^T u and t = x z, from one reading of x: the second of the two is formed of lines
  // that are still in the cache. Whether this matrix does so, where `rows` says that t is first; room for parts().
  bool reads_once(bool rows) const noexcept;
  void once(const double* in, double* first, double* second, double* room) const noexcept;
  std::int64_t parts() const noexcept { return chunks() * std::max(rows_, columns_); }

  // sum dy*x; parts: room for pieces().
  double product(double* parts) const noexcept;
  // dx = a*dy + u v^T
  void rank_one(double a, const double* u, const double* v) const noexcept;
  // x, or where it has more rows than columns its transpose, row by row in float64.
  void copy_to(double* dense) const noexcept;

  int threads_used() const noexcept { return used_; }

 private:
  struct LineDim {
    std::int64_t size = 1, x = 0, dy = 0, dx = 0;
  };
  using LineDims = std::array<LineDim, max_rank>;
  struct Start {
    std::int64_t x = 0, dy = 0, dx = 0;
  };

  // Some elements of one line, and where they begin in what runs along it.
  struct Piece {
    Start at;
    std::int64_t line = 0, position = 0, length = 0;
  };
  // A stretch of a line as the loops read it: the caller's memory, or a copy in float64.
  struct Stretch {
    const void* data = nullptr;
    int type = 0;
  };

  void order_columns(int row_axis) noexcept;
  bool joinable(const LineDim& outer, const LineDim& inner) const noexcept;
  static Start start(const LineDims& dims, int count, std::int64_t index) noexcept;
  // out[line] = sum of x * in along it; out = sum over the lines of in[line] * x.
  void gather(const double* in, double* out) const noexcept;
  void spread(const double* in, double* out) const noexcept;
  double gather_line(std::int64_t line, const double* in) const noexcept;
  void gather_lines(std::int64_t line, std::int64_t end, const double* in, double* out) const noexcept;
  void gather_together(std::int64_t line, const double* in, double* out) const noexcept;
  void spread_line(std::int64_t line, const Piece& p, const double* in, double* sums) const noexcept;
  void spread_piece(const Piece& p, std::int64_t line, std::int64_t end, const double* in, double* sums) const noexcept;
  void gather_and_spread(std::int64_t line, std::int64_t end, const double* in, double* out,
                         double* sums) const noexcept;
  // Of lines that are spread apart.
  std::int64_t chunks() const noexcept;
  // The piece that begins at `at` in the first line, of the lines from `line` on.
  Lines lines_at(std::int64_t line, const Start& at) const noexcept;
  // Lines are cut into pieces of at most `longest` elements.
  std::int64_t pieces_a_line(std::int64_t longest) const noexcept;
  Piece piece(std::int64_t index, std::int64_t longest) const noexcept;
  std::int64_t widest_spread() const noexcept;
  Stretch read(const ConstTensorView& from, std::int64_t at, std::int64_t step, std::int64_t length,
               double* room) const noexcept;
  template <class F>
  void parallel(std::int64_t count, F&& body) const noexcept;

  ConstTensorView x_, dy_;
  TensorView dx_;
  const MatrixKernels& kernels_;
  int threads_;
  mutable int used_ = 1;
  std::int64_t rows_ = 1, columns_ = 1;
  std::array<std::int64_t, max_rank> sizes_{}, steps_{};  // of the caller's column axes: size, step of the column
  int axes_ = 0;
  LineDims lines_{}, segments_{};  // which line; which segment of it
  int line_dims_ = 0, segment_dims_ = 0;
  LineDim inner_;  // along a segment
  std::int64_t line_count_ = 1, segment_count_ = 1, longest_ = 1;
  bool along_rows_ = true, contiguous_ = false;
};

}  // namespace poise
