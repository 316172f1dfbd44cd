#include "techniques/spectral.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "schedule/largest_singular.h"

namespace poise {
namespace {

std::int64_t iterations_of(const SpectralNormOptions& o) noexcept {
  return o.mode == BatchNormMode::training || o.evaluation_iterates ? o.iterations : 0;
}

double dot(const double* x, const double* y, std::int64_t count, Context& context) noexcept {
  return matrix_kernels_for(context.target).dot[static_cast<int>(DType::f64)](x, y, count);
}

// |x|, where its square leaves float64's range too.
double norm_of(const double* x, std::int64_t count, Context& context) noexcept {
  const double square = dot(x, x, count, context);
  if ((square > 0x1p-900 && square < HUGE_VAL) || std::isnan(square)) return std::sqrt(square);
  double norm = 0;
  for (std::int64_t i = 0; i < count; ++i) norm = std::hypot(norm, x[i]);
  return norm;
}

// max(|x|, eps) or sqrt(|x|^2 + eps).
double length_of(const double* x, std::int64_t count, const SpectralNormOptions& o, Context& context) noexcept {
  const double norm = norm_of(x, count, context);
  if (o.norm_eps == NormEps::inside) return std::hypot(norm, std::sqrt(o.eps));
  return norm > o.eps || std::isnan(norm) ? norm : o.eps;
}

// Zeros where that divides 0 by 0.
void divide(double* x, std::int64_t count, double length) noexcept {
  for (std::int64_t i = 0; length != 0 && i < count; ++i) x[i] /= length;
}

void check_vector(const Call& call, const char* name, const TensorView& view, std::int64_t size,
                  const TensorView& other, const TensorView& sigma) {
  if (!view.present()) return;
  if (view.dtype() == DType::u8) call.fail(Code::usage, name, "a floating type", "u8");
  call.result(name, view, {size}, view.dtype(), {other, sigma});
}

double value_or_start(const Values& values, std::int64_t i) noexcept {
  return values.present() ? values.get(i) : std::cos(static_cast<double>(i + 1));
}

}  // namespace

SpectralShape check_spectral(Call& call, const SpectralNormOptions& o) {
  if (call.rank() == 0) call.fail(Code::shape, "w", "at least one axis", "none");
  const auto axis = static_cast<int>(call.axes("channel_axis", {o.channel_axis})[0]);
  std::int64_t columns = 1;
  for (int i = 0; i < call.rank(); ++i) columns *= i == axis ? 1 : call.size(i);
  const SpectralShape shape{axis, call.size(axis), columns};
  call.operand("u", o.u, {shape.rows});
  call.operand("v", o.v, {shape.columns});
  call.eps(o.eps);
  if (o.iterations < 0) call.fail(Code::usage, "iterations", "at least 0", fmt::format("{}", o.iterations));
  if (!o.exact && iterations_of(o) == 0 && !(o.u.present() && o.v.present())) {
    call.fail(Code::usage, "u, v", "both where nothing iterates", o.u.present() || o.v.present() ? "one" : "none");
  }
  return shape;
}

void check_spectral_results(const Call& call, const SpectralNormResults& r, const SpectralShape& shape) {
  check_vector(call, "u", r.u, shape.rows, r.v, r.sigma);
  check_vector(call, "v", r.v, shape.columns, r.u, r.sigma);
  call.result("sigma", r.sigma, {}, DType::f64, {r.u, r.v});
}

void check_spectral_saved(const Call& call, const SpectralNormResults& saved, const SpectralShape& shape) {
  call.operand("u", saved.u, {shape.rows});
  call.operand("v", saved.v, {shape.columns});
  call.operand("sigma", saved.sigma, {});
}

Spectral::Spectral(Call& call, const SpectralNormOptions& o, const Matrix& matrix)
    : matrix_(matrix),
      context_(call.context()),
      u_(call.memory(matrix.rows())),
      v_(call.memory(matrix.columns())),
      work_(call.memory(std::max({matrix.rows(), matrix.columns(), matrix.pieces()}))) {
  if (o.exact) {
    exact_ = call.memory(largest_singular_memory(matrix));
  } else if (iterations_of(o) > 0 && (matrix.reads_once(true) || matrix.reads_once(false))) {
    room_ = call.memory(matrix.parts());
  }
}

void Spectral::read_u(const ConstTensorView& u) noexcept {
  const Values values(u);
  for (std::int64_t i = 0; i < matrix_.rows(); ++i) u_[i] = value_or_start(values, i);
}

void Spectral::read_v(const ConstTensorView& v) noexcept {
  const Values values(v);
  for (std::int64_t j = 0; j < matrix_.columns(); ++j) v_[matrix_.column_of(j)] = value_or_start(values, j);
}

// W v or W^T u, into work_; then at length 1 into u or v.
void Spectral::multiply(bool rows) noexcept { rows ? matrix_.times(v_, work_) : matrix_.transposed_times(u_, work_); }

void Spectral::renew(bool rows, const SpectralNormOptions& o) noexcept {
  const std::int64_t count = rows ? matrix_.rows() : matrix_.columns();
  double* vector = rows ? u_ : v_;
  std::copy_n(work_, count, vector);
  divide(vector, count, length_of(vector, count, o, context_));
}

// Both products from one reading of the matrix: the second of the first as it is, which its length divides after.
void Spectral::renew_both(bool rows, const SpectralNormOptions& o) noexcept {
  const std::int64_t count = rows ? matrix_.rows() : matrix_.columns();
  double* first = rows ? u_ : v_;
  matrix_.once(rows ? v_ : u_, first, work_, room_);
  const double length = length_of(first, count, o, context_);
  divide(first, count, length);
  divide(work_, rows ? matrix_.columns() : matrix_.rows(), length);
  renew(!rows, o);
}

double Spectral::find(const SpectralNormOptions& o) noexcept {
  if (exact_ != nullptr) return sigma_ = largest_singular(matrix_, exact_, u_, v_, context_);
  const std::int64_t products = 2 * iterations_of(o);
  const bool v_first = o.order == SpectralOrder::v_first;
  if (products == 0 || v_first) read_u(o.u);
  if (products == 0 || !v_first) read_v(o.v);
  for (std::int64_t i = 0; i < products; ++i) {
    const bool rows = (i % 2 == 0) != v_first;
    if (i + 1 < products && matrix_.reads_once(rows)) {
      renew_both(rows, o);
      ++i;
    } else {
      multiply(rows);
      renew(rows, o);
    }
  }
  if (products == 0) multiply(true);
  // sigma = u^T (W v) = (W^T u)^T v: the product that was made last, before it was brought to length 1.
  return sigma_ = products > 0 && !v_first ? dot(v_, work_, matrix_.columns(), context_)
                                           : dot(u_, work_, matrix_.rows(), context_);
}

double Spectral::take(const SpectralNormResults& saved) noexcept {
  read_u(saved.u);
  read_v(saved.v);
  return sigma_ = Values(saved.sigma).get(0);
}

void Spectral::scale(double of_u, double of_v) noexcept {
  for (std::int64_t i = 0; i < matrix_.rows(); ++i) u_[i] *= of_u;
  for (std::int64_t j = 0; j < matrix_.columns(); ++j) v_[j] *= of_v;
}

void Spectral::give(const SpectralNormResults& r) const noexcept {
  const Values u(r.u), v(r.v);
  u.set_all(u_);
  for (std::int64_t j = 0; v.present() && j < matrix_.columns(); ++j) v.set(j, v_[matrix_.column_of(j)]);
  Values(r.sigma).set(0, sigma_);
}

}  // namespace poise
