// The backward loops in plain C++: the readable reference, and what machines without a known instruction set run.

#include <cmath>
#include <type_traits>

#include "kernels/gradient.h"
#include "kernels/scalar_element.h"

namespace poise {
namespace {

using scalar::Compute;
using scalar::load;
using scalar::store;

// dx = fma(scale, dy, fma(a, x - hi, b)), with gamma in the scale.
template <class X>
void map_one(X x, X dy, X& dx, Compute<X> hi, Compute<X> scale, Compute<X> a, Compute<X> b) noexcept {
  store(std::fma(scale, load(dy), std::fma(a, load(x) - hi, b)), dx);
}

template <class X>
struct MeasureRows {
  static void run(GradientStreams& g, std::int64_t length) {
    for (int k = 0; k < g.count; ++k) {
      const auto* x = static_cast<const X*>(g.x[k]);
      const auto* dy = static_cast<const X*>(g.dy[k]);
      const auto* gamma = static_cast<const Compute<X>*>(g.gamma[k]);
      g.s[k] = g.q[k] = g.p[k] = 0;
      for (std::int64_t i = 0; i < length; ++i) {
        const double value = load(dy[i]), deviation = load(x[i]) - g.center[k];
        const double weighted = g.per_element ? value * gamma[i * g.gamma_step] : value;
        g.s[k] += weighted;
        g.q[k] = std::fma(weighted, deviation, g.q[k]);
        g.p[k] = std::fma(deviation, deviation, g.p[k]);
        if (!g.per_element || g.dgamma[k] == nullptr) continue;
        g.dgamma[k][i] += value * deviation * g.rstd[k];
        g.dbeta[k][i] += value;
      }
    }
  }
};

template <class X>
struct MapRows {
  static void run(GradientStreams& g, std::int64_t length) {
    using T = Compute<X>;
    for (int k = 0; k < g.count; ++k) {
      const auto* gamma = static_cast<const T*>(g.gamma[k]);
      for (std::int64_t i = 0; i < length; ++i) {
        const T scale = static_cast<T>(g.scale[k]) * (g.per_element ? gamma[i * g.gamma_step] : T(1));
        map_one(static_cast<const X*>(g.x[k])[i], static_cast<const X*>(g.dy[k])[i], static_cast<X*>(g.dx[k])[i],
                static_cast<T>(g.hi[k]), scale, static_cast<T>(g.a[k]), static_cast<T>(g.b[k]));
      }
    }
  }
};

template <class X>
Compute<X> gamma_at(const GradientColumns& g, std::int64_t r, std::int64_t j) noexcept {
  if (g.mode == ColumnGamma::none) return 1;
  const std::int64_t along = g.mode == ColumnGamma::element ? j * g.gamma_step : 0;
  return static_cast<const Compute<X>*>(g.gamma)[r * g.gamma_stride + along];
}

template <class X>
struct MeasureColumnsOf {
  static void run(const GradientColumns& g) {
    for (std::int64_t r = 0; r < g.rows; ++r)
      for (std::int64_t j = 0; j < g.lanes; ++j) {
        const double x = load(static_cast<const X*>(g.x)[r * g.x_stride + j]);
        const double dy = load(static_cast<const X*>(g.dy)[r * g.dy_stride + j]);
        const double weighted = dy * static_cast<double>(gamma_at<X>(g, r, j));
        g.s[j] += weighted;
        g.q[j] = std::fma(weighted, x - g.center[j], g.q[j]);
        if (g.p != nullptr) g.p[j] = std::fma(x - g.center[j], x - g.center[j], g.p[j]);
      }
    if (g.row_dgamma != nullptr) parameters_of_rows(g);
  }
  static void parameters_of_rows(const GradientColumns& g) {
    for (std::int64_t r = 0; r < g.rows; ++r) {
      double dgamma = 0, dbeta = 0;
      for (std::int64_t j = 0; j < g.lanes; ++j) {
        const double x = load(static_cast<const X*>(g.x)[r * g.x_stride + j]);
        const double dy = load(static_cast<const X*>(g.dy)[r * g.dy_stride + j]);
        dgamma += dy * (x - g.center[j]) * g.rstd[j];
        dbeta += dy;
      }
      g.row_dgamma[r] = dgamma;
      g.row_dbeta[r] = dbeta;
    }
  }
};

template <class X>
struct MapColumnsOf {
  static void run(const GradientColumns& g) {
    using T = Compute<X>;
    for (std::int64_t r = 0; r < g.rows; ++r)
      for (std::int64_t j = 0; j < g.lanes; ++j) {
        const T scale = static_cast<const T*>(g.scale)[j] * gamma_at<X>(g, r, j);
        map_one(static_cast<const X*>(g.x)[r * g.x_stride + j], static_cast<const X*>(g.dy)[r * g.dy_stride + j],
                static_cast<X*>(g.dx)[r * g.dx_stride + j], static_cast<const T*>(g.hi)[j], scale,
                static_cast<const T*>(g.a)[j], static_cast<const T*>(g.b)[j]);
      }
  }
};

template <class X, int kStep>
void parameters(const ParameterRun& p) noexcept {
  for (std::int64_t i = 0; i < p.length; ++i) {
    const double x = load(static_cast<const X*>(p.x)[i]), dy = load(static_cast<const X*>(p.dy)[i]);
    p.dgamma[i * kStep] += dy * (x - p.center[i]) * p.scale[i];
    p.dbeta[i * kStep] += dy;
  }
}
template <class X>
struct Along {
  static void run(const ParameterRun& p) { parameters<X, 1>(p); }
};
template <class X>
struct Across {
  static void run(const ParameterRun& p) { parameters<X, 0>(p); }
};

}  // namespace

void fill_gradient_scalar(GradientKernels& kernels) noexcept {
  fill_floating<MeasureRows>(kernels.measure_rows);
  fill_floating<MapRows>(kernels.map_rows);
  fill_floating<MeasureColumnsOf>(kernels.measure_columns);
  fill_floating<MapColumnsOf>(kernels.map_columns);
  fill_floating<Along>(kernels.along);
  fill_floating<Across>(kernels.across);
}

}  // namespace poise
