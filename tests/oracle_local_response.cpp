// The oracle of local response norm, forward and backward: every window element by element.

#include <cmath>
#include <string_view>

#include "oracle_backward.h"
#include "oracle_parts.h"
#include "tolerance.h"

namespace poise::test::oracle {
namespace {

struct Response {
  Dims axes;  // of the window
  std::int64_t size = 5;
  bool extra_after = false, scaled = true;
  Real alpha = 1e-4, exponent = 0.75L, k = 1;  // alpha as a double holds it

  Real a() const { return scaled ? alpha / std::pow(static_cast<Real>(size), static_cast<Real>(axes.size())) : alpha; }
};

Response response_of(const Parameters& p, int rank) {
  Response r;
  const std::string_view preset = p.preset;
  if (preset == "alexnet") r.k = 2, r.scaled = false;
  if (preset == "onnx") r.extra_after = true;
  if (preset == "tf") r.size = 11, r.alpha = 1, r.scaled = false, r.exponent = 0.5L;
  if (preset == "caffe") r.alpha = 1;
  if (p.size) r.size = *p.size;
  if (p.extra_tap) r.extra_after = *p.extra_tap == ExtraTap::after;
  if (p.alpha) r.alpha = *p.alpha;
  if (p.alpha_scaled) r.scaled = *p.alpha_scaled;
  if (p.exponent) r.exponent = *p.exponent;
  if (p.k) r.k = *p.k;
  const int channel = p.channel_axes.empty() ? 1 : positive(static_cast<int>(p.channel_axes[0]), rank);
  r.axes = p.region == Region::across ? Dims{channel} : test::other_axes({0, channel}, rank);
  return r;
}

// Calls visit(i, j) for every element i and every element j of the tensor in i's window.
template <class Visit>
void for_windows(const Dims& sizes, const Response& r, Visit visit) {
  const std::int64_t after = r.extra_after ? r.size / 2 : (r.size - 1) / 2, before = r.size - 1 - after;
  Dims strides = contiguous_strides(sizes), window;
  for (int i = 0; i < r.axes.size(); ++i) {
    const std::int64_t n = sizes[static_cast<int>(r.axes[i])];
    window.push_back(std::min(before, n - 1) + std::min(after, n - 1) + 1);
  }
  std::size_t i = 0;
  for_each_index(sizes, [&](const Dims& center) {
    for_each_index(window, [&](const Dims& tap) {
      std::int64_t j = static_cast<std::int64_t>(i);
      for (int w = 0; w < window.size(); ++w) {
        const int axis = static_cast<int>(r.axes[w]);
        const std::int64_t step = tap[w] - std::min(before, sizes[axis] - 1), at = center[axis] + step;
        if (at < 0 || at >= sizes[axis]) return;
        j += step * strides[axis];
      }
      visit(i, static_cast<std::size_t>(j));
    });
    ++i;
  });
}

struct Measured {
  std::vector<Real> b, f;
  Real taps = 0;  // at most, in a window
};

Measured measured(const Array& x, const Response& r) {
  Measured m{std::vector<Real>(x.size(), r.k), std::vector<Real>(x.size()), 1};
  for (int i = 0; i < r.axes.size(); ++i) m.taps *= static_cast<Real>(r.size);
  std::vector<Real> sums(x.size());
  for_windows(x.sizes, r, [&](std::size_t i, std::size_t j) { sums[i] += x[j] * x[j]; });
  for (std::size_t i = 0; i < x.size(); ++i) {
    m.b[i] += r.a() * sums[i];
    m.f[i] = m.b[i] == 0 ? 0 : std::pow(m.b[i], -r.exponent);
  }
  return m;
}

}  // namespace

// y = x * (k + a * sum of x^2)^-exponent.
Expected local_response_norm(const Array& x, const Parameters& p) {
  const Response r = response_of(p, x.sizes.size());
  const Measured m = measured(x, r);
  Expected e;
  e.x = x.type;
  e.y = Array(x.sizes, 0, x.type);
  e.shift.assign(x.size(), 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    e.y[i] = x[i] * m.f[i];
    e.t.push_back(e.y[i]);
    e.growth.push_back(r.exponent * growth_of_sums(m.taps) * std::fabs(e.y[i]));
  }
  return e;
}

// dx_j = dy_j*f_j - 2*a*exponent*x_j * sum over the windows i with j in them of dy_i*x_i*f_i/B_i.
ExpectedGradients local_response_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Response r = response_of(p, x.sizes.size());
  const Measured m = measured(x, r);
  std::vector<Real> sums(x.size()), sizes(x.size());
  for_windows(x.sizes, r, [&](std::size_t i, std::size_t j) {
    const Real slope = m.b[i] == 0 ? 0 : dy[i] * x[i] * m.f[i] / m.b[i];
    sums[j] += slope;
    sizes[j] += std::fabs(slope);
  });
  ExpectedGradients e;
  e.x = x.type;
  e.dx = Array(x.sizes, 0, x.type);
  for (std::size_t j = 0; j < x.size(); ++j) {
    const Real factor = 2 * r.a() * r.exponent * x[j];
    e.dx[j] = dy[j] * m.f[j] - factor * sums[j];
    e.terms.push_back(std::fabs(dy[j] * m.f[j]) + std::fabs(factor) * sizes[j]);
    e.growth.push_back((r.exponent + 2) * growth_of_sums(m.taps) * e.terms.back());
  }
  return e;
}

}  // namespace poise::test::oracle
