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

// x / max(|x|, eps) or x / sqrt(|x|^2 + eps); zeros where that divides 0 by 0.
void normalize(double* x, std::int64_t count, const SpectralNormOptions& o) noexcept {
  double square = 0;
  for (std::int64_t i = 0; i < count; ++i) square += x[i] * x[i];
  const double norm = std::sqrt(square);
  const double length = o.norm_eps == NormEps::inside      ? std::sqrt(square + o.eps)
                        : norm > o.eps || std::isnan(norm) ? norm
                                                           : o.eps;
  for (std::int64_t i = 0; length != 0 && i < count; ++i) x[i] /= length;
}

void check_vector(const Call& call, const char* name, const TensorView& view, std::int64_t size,
                  const TensorView& other, const TensorView& sigma) {
  if (!view.present()) return;
  if (view.dtype() == DType::u8) call.fail(Code::usage, name, "a floating type", "u8");
  call.result(name, view, {size}, view.dtype(), {other, sigma});
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
  if (o.exact) exact_ = call.memory(largest_singular_memory(matrix));
  read(o.u, o.v);
}

void Spectral::read(const ConstTensorView& u, const ConstTensorView& v) noexcept {
  const auto value = [](const Values& values, std::int64_t i) {
    return values.present() ? values.get(i) : std::cos(static_cast<double>(i + 1));
  };
  const Values of_u(u), of_v(v);
  for (std::int64_t i = 0; i < matrix_.rows(); ++i) u_[i] = value(of_u, i);
  for (std::int64_t j = 0; j < matrix_.columns(); ++j) v_[matrix_.column_of(j)] = value(of_v, j);
}

double Spectral::find(const SpectralNormOptions& o) noexcept {
  if (exact_ != nullptr) return sigma_ = largest_singular(matrix_, exact_, u_, v_, context_);
  const std::int64_t rows = matrix_.rows(), columns = matrix_.columns(), iterations = iterations_of(o);
  // sigma = u^T (W v) = (W^T u)^T v: the product that was made last, before it was brought to length 1.
  const auto multiply_rows = [&] { matrix_.times(v_, work_); };
  const auto multiply_columns = [&] { matrix_.transposed_times(u_, work_); };
  const auto renew = [&](double* vector, std::int64_t count) {
    std::copy_n(work_, count, vector);
    normalize(vector, count, o);
  };
  const auto dot = [&](const double* vector, std::int64_t count) {
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += vector[i] * work_[i];
    return sum;
  };
  for (std::int64_t i = 0; i < iterations; ++i) {
    if (o.order == SpectralOrder::v_first) {
      multiply_columns(), renew(v_, columns);
      multiply_rows(), renew(u_, rows);
    } else {
      multiply_rows(), renew(u_, rows);
      multiply_columns(), renew(v_, columns);
    }
  }
  if (iterations == 0) multiply_rows();
  return sigma_ = iterations > 0 && o.order == SpectralOrder::u_first ? dot(v_, columns) : dot(u_, rows);
}

double Spectral::take(const SpectralNormResults& saved) noexcept {
  read(saved.u, saved.v);
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
