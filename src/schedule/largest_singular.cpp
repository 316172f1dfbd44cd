#include "schedule/largest_singular.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"

namespace poise {
namespace {

constexpr int f64 = static_cast<int>(DType::f64);

// A symmetric matrix of k rows, and what it becomes: tridiagonal, each row's reflection in its upper part.
class Symmetric {
 public:
  Symmetric(double* memory, std::int64_t k, Context& context) noexcept
      : k_(k),
        a_(memory),
        diagonal_(a_ + k * k),
        off_(diagonal_ + k),
        beta_(off_ + k),
        work_(beta_ + k),
        back_(work_ + k),
        kernels_(matrix_kernels_for(context.target)),
        threads_(k * k * 8 > 256 * 1024 ? threads_allowed(context) : 1) {}

  static std::int64_t memory(std::int64_t k) noexcept { return k * k + 5 * k; }

  // Products of the rows of `dense`, each `length` long.
  void fill(const double* dense, std::int64_t length) noexcept {
    parallel_for(threads_, k_, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i)
        for (std::int64_t j = 0; j <= i; ++j)
          a_[i * k_ + j] = a_[j * k_ + i] = dot(dense + i * length, dense + j * length, length);
    });
  }

  void reduce() noexcept {
    for (std::int64_t s = 0; s + 1 < k_; ++s) reflect(s);
    for (std::int64_t i = 0; i < k_; ++i) diagonal_[i] = a_[i * k_ + i];
  }

  double largest_eigenvalue() const noexcept {
    double low = diagonal_[0], high = diagonal_[0];
    for (std::int64_t i = 0; i < k_; ++i) {
      const double reach = (i > 0 ? std::fabs(off_[i - 1]) : 0) + (i + 1 < k_ ? std::fabs(off_[i]) : 0);
      low = std::max(low, diagonal_[i]);
      high = std::max(high, diagonal_[i] + reach);
    }
    // The interval halves each time, from at most three times its upper end to an ulp of it.
    for (int step = 0; step < 64 && low < high; ++step) {
      const double middle = low + (high - low) / 2;
      if (middle <= low || middle >= high) break;
      (all_below(middle) ? high : low) = middle;
    }
    return high;
  }

  // The eigenvector: of the tridiagonal from both ends to the row where they meet best, then through the reflections.
  void vector(double eigenvalue, double* x) noexcept {
    const double tiny = std::numeric_limits<double>::min() + std::fabs(eigenvalue) * 0x1p-105;
    const auto pivot = [&](double d) { return std::fabs(d) < tiny ? -tiny : d; };
    for (std::int64_t i = 0; i < k_; ++i) {
      work_[i] = diagonal_[i] - eigenvalue - (i > 0 ? off_[i - 1] * off_[i - 1] / pivot(work_[i - 1]) : 0);
    }
    for (std::int64_t i = k_; i-- > 0;) {
      back_[i] = diagonal_[i] - eigenvalue - (i + 1 < k_ ? off_[i] * off_[i] / pivot(back_[i + 1]) : 0);
    }
    std::int64_t twist = 0;
    const auto residual = [&](std::int64_t i) { return std::fabs(work_[i] + back_[i] - (diagonal_[i] - eigenvalue)); };
    for (std::int64_t i = 1; i < k_; ++i)
      if (residual(i) < residual(twist)) twist = i;
    x[twist] = 1;
    for (std::int64_t i = twist; i-- > 0;) x[i] = -off_[i] * x[i + 1] / pivot(work_[i]);
    for (std::int64_t i = twist + 1; i < k_; ++i) x[i] = -off_[i - 1] * x[i - 1] / pivot(back_[i]);
    for (std::int64_t s = k_ - 1; s-- > 0;) {
      const double* v = a_ + s * k_ + s + 1;
      if (beta_[s] != 0) add(v, -beta_[s] * dot(v, x + s + 1, k_ - s - 1), x + s + 1, k_ - s - 1);
    }
  }

 private:
  double dot(const double* a, const double* b, std::int64_t n) const noexcept { return kernels_.dot[f64](a, b, n); }
  void add(const double* x, double c, double* y, std::int64_t n) const noexcept { kernels_.add[f64](x, c, y, n); }

  // Row s becomes (diagonal, off, 0, ...), by a reflection of what lies below and right of it.
  void reflect(std::int64_t s) noexcept {
    const std::int64_t n = k_ - s - 1;
    double* v = a_ + s * k_ + s + 1;
    const double norm = std::sqrt(dot(v, v, n));
    off_[s] = v[0] > 0 ? -norm : norm;
    beta_[s] = 0;
    if (norm == 0) return;
    v[0] -= off_[s];
    beta_[s] = 2 / dot(v, v, n);
    double *p = work_, *q = back_;
    const auto row = [&](std::int64_t i) { return a_ + (s + 1 + i) * k_ + s + 1; };
    parallel_for(threads_, n, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) p[i] = beta_[s] * dot(row(i), v, n);
    });
    const double half = beta_[s] / 2 * dot(v, p, n);
    for (std::int64_t i = 0; i < n; ++i) q[i] = p[i] - half * v[i];
    parallel_for(threads_, n, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        add(q, -v[i], row(i), n);
        add(v, -q[i], row(i), n);
      }
    });
  }

  // Whether all eigenvalues are below x: then all of Sturm's pivots are negative.
  bool all_below(double x) const noexcept {
    double d = diagonal_[0] - x;
    for (std::int64_t i = 1; d < 0 && i < k_; ++i) d = diagonal_[i] - x - off_[i - 1] * off_[i - 1] / d;
    return d < 0;
  }

  std::int64_t k_;
  double *a_, *diagonal_, *off_, *beta_, *work_, *back_;
  const MatrixKernels& kernels_;
  int threads_;
};

double normalize(double* x, std::int64_t n, const MatrixKernels& kernels) noexcept {
  const double norm = std::sqrt(kernels.dot[f64](x, x, n));
  for (std::int64_t i = 0; norm != 0 && i < n; ++i) x[i] /= norm;
  return norm;
}

}  // namespace

std::int64_t largest_singular_memory(const Matrix& matrix) noexcept {
  return matrix.rows() * matrix.columns() + Symmetric::memory(std::min(matrix.rows(), matrix.columns()));
}

double largest_singular(const Matrix& matrix, double* memory, double* u, double* v, Context& context) noexcept {
  const std::int64_t rows = matrix.rows(), columns = matrix.columns(), elements = rows * columns;
  const std::int64_t k = std::min(rows, columns);
  double* dense = memory;
  matrix.copy_to(dense);
  // Scaled by a power of two, so that squares neither overflow nor vanish.
  double most = 0;
  for (std::int64_t i = 0; i < elements; ++i)
    if (std::fabs(dense[i]) > most) most = std::fabs(dense[i]);
  int exponent = 0;
  if (most > 0 && std::isfinite(most)) std::frexp(most, &exponent);
  for (std::int64_t i = 0; i < elements; ++i) dense[i] = std::ldexp(dense[i], -exponent);
  Symmetric gram(dense + elements, k, context);
  gram.fill(dense, elements / k);
  gram.reduce();
  const MatrixKernels& kernels = matrix_kernels_for(context.target);
  double *shorter = rows <= columns ? u : v, *longer = rows <= columns ? v : u;
  gram.vector(gram.largest_eigenvalue(), shorter);
  normalize(shorter, k, kernels);
  std::fill_n(longer, elements / k, 0.0);
  for (std::int64_t i = 0; i < k; ++i) kernels.add[f64](dense + i * (elements / k), shorter[i], longer, elements / k);
  return std::ldexp(normalize(longer, elements / k, kernels), exponent);
}

}  // namespace poise
