// The loops over lanes and cells in plain C++.

#include <algorithm>

#include "core/sums.h"
#include "kernels/lanes.h"

namespace poise {
namespace {

template <class T>
void spread(const T* values, std::int64_t count, std::int64_t each, T* to) noexcept {
  for (std::int64_t i = 0; i < count; ++i) std::fill_n(to + i * each, each, values[i]);
}

void sums(const double* values, std::int64_t count, std::int64_t each, double* to) noexcept {
  for (std::int64_t i = 0; i < count; ++i, values += each) {
    double parts[4] = {};
    for (std::int64_t j = 0; j < each; ++j) parts[j % 4] += values[j];
    to[i] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  }
}

void moments(const CellMoments& cells) noexcept {
  for (std::int64_t i = 0; i < cells.count; ++i) {
    cells.measured[i] = measured_of(Statistic::moments, cells.elements, cells.pivot[i], {cells.s[i], cells.q[i]});
  }
}

void accumulate(const double* from, std::int64_t count, double* to) noexcept {
  for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace

void fill_lanes_scalar(LaneKernels& kernels) noexcept {
  kernels.spread_f32 = &spread<float>;
  kernels.spread_f64 = &spread<double>;
  kernels.sums = &sums;
  kernels.moments = &moments;
  kernels.accumulate = &accumulate;
}

}  // namespace poise
