// The loops in plain C++: the readable reference, and what machines without a known instruction set run.

#include <poise/dtype.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/pairs.h"
#include "kernels/scalar_element.h"
#include "kernels/tables.h"

namespace poise {
namespace {

using scalar::Compute;
using scalar::load;
using scalar::store;

struct MomentOp {
  static void add(double v, double pivot, double& s, double& q) noexcept {
    const double d = v - pivot;
    s += d;
    q = std::fma(d, d, q);
  }
};
struct RangeOp {
  static void add(double v, double, double& s, double& q) noexcept {
    const bool nan = std::isnan(v) || std::isnan(s);
    s = nan ? NAN : std::fmin(s, v);
    q = nan ? NAN : std::fmax(q, v);
  }
};

template <class Op, class X>
void measure_row(MeasureStreams& m, std::int64_t length, double s0, double q0) noexcept {
  for (int k = 0; k < m.count; ++k) {
    const X* x = static_cast<const X*>(m.x[k]);
    m.s[k] = s0;
    m.q[k] = q0;
    for (std::int64_t i = 0; i < length; ++i) Op::add(load(x[i]), m.pivot[k], m.s[k], m.q[k]);
  }
}

template <class X>
struct Measure {
  static void run(MeasureStreams& m, std::int64_t length) { measure_row<MomentOp, X>(m, length, 0, 0); }
};
template <class X>
struct RangeRows {
  static void run(MeasureStreams& m, std::int64_t length) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    measure_row<RangeOp, X>(m, length, infinity, -infinity);
  }
};

template <class X, class Y>
struct Map {
  using T = Compute<X>;
  static void run(const MapStreams& m, std::int64_t length) {
    for (int k = 0; k < m.count; ++k) {
      const T hi = static_cast<T>(m.hi[k]), scale = static_cast<T>(m.scale[k]), shift = static_cast<T>(m.shift[k]);
      const T* gamma = static_cast<const T*>(m.gamma[k]);
      const T* beta = static_cast<const T*>(m.beta[k]);
      for (std::int64_t i = 0; i < length; ++i) {
        T v = std::fma(load(static_cast<const X*>(m.x[k])[i]) - hi, scale, shift);
        if (m.per_element) v = std::fma(v, gamma[i * m.gamma_step], beta[i * m.beta_step]);
        store(v, static_cast<Y*>(m.y[k])[i]);
      }
    }
  }
};

template <class X>
struct Fused {
  static void run(const MapStreams& map, MeasureStreams& measure, std::int64_t length) {
    Measure<X>::run(measure, length);
    Map<X, X>::run(map, length);
  }
};

template <class Op, class X>
struct Columns {
  static void run(const MeasureColumns& m) {
    for (std::int64_t r = 0; r < m.rows; ++r)
      for (std::int64_t j = 0; j < m.lanes; ++j)
        Op::add(load(static_cast<const X*>(m.x)[r * m.stride + j]), m.pivot[j], m.s[j], m.q[j]);
  }
};
template <class X>
using MeasureColumn = Columns<MomentOp, X>;
template <class X>
using RangeColumn = Columns<RangeOp, X>;

template <class X, class Y>
struct MapColumn {
  using T = Compute<X>;
  static void run(const MapColumns& m) {
    for (std::int64_t r = 0; r < m.rows; ++r)
      for (std::int64_t j = 0; j < m.lanes; ++j) {
        T v = load(static_cast<const X*>(m.x)[r * m.x_stride + j]) - static_cast<const T*>(m.hi)[j];
        v = std::fma(v, static_cast<const T*>(m.scale)[j], static_cast<const T*>(m.shift)[j]);
        if (m.mode != ColumnGamma::none) {
          v = std::fma(v, static_cast<const T*>(m.gamma)[r * m.gamma_stride + j * m.gamma_step],
                       static_cast<const T*>(m.beta)[r * m.beta_stride + j * m.beta_step]);
        }
        store(v, static_cast<Y*>(m.y)[r * m.y_stride + j]);
      }
  }
};

template <class T>
void move_pixels(const Pixels& p, std::int64_t a_pixel, std::int64_t a_channel) noexcept {
  const T* x = static_cast<const T*>(p.x);
  T* to = static_cast<T*>(p.to);
  for (int k = 0; k < p.channels; ++k) {
    const int channel = p.reversed ? p.channels - 1 - k : k;
    for (std::int64_t i = 0; i < p.count; ++i) to[i * a_pixel + k * a_channel] = x[i * p.width + channel];
  }
}
template <class T>
struct Split {
  static void run(const Pixels& p) { move_pixels<T>(p, 1, p.pitch); }
};
template <class T>
struct Pack {
  static void run(const Pixels& p) { move_pixels<T>(p, p.channels, 1); }
};

}  // namespace

void fill_scalar(Kernels& kernels) noexcept {
  fill_measures<Measure>(kernels.measure_rows);
  fill_measures<RangeRows>(kernels.range_rows);
  fill_maps<Map>(kernels.map_rows);
  fill_fused<Fused>(kernels.fused_rows);
  fill_measures<MeasureColumn>(kernels.measure_columns);
  fill_measures<RangeColumn>(kernels.range_columns);
  fill_maps<MapColumn>(kernels.map_columns);
  fill_moves<Split>(kernels.split_pixels);
  fill_moves<Pack>(kernels.pack_pixels);
}

}  // namespace poise
