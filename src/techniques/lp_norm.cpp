// Lp normalization, as ONNX and the vector normalization of embeddings have it.
//
//     y = x / max(||x||_p, eps)
//
// x, y: any shape   nothing is kept: backward takes the norm again
// A cell is all that shares one norm. Its map is no affine of x in the backward pass, so both run element by element in
// float64.

#include <poise/lp_norm.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/call.h"
#include "core/values.h"
#include "schedule/execute.h"
#include "schedule/pointwise.h"

namespace poise {
namespace {

// Scaled by the largest value, so that no power overflows or underflows.
double norm_of(const Job& job, const Offsets& base, const Partition& inner, double p) noexcept {
  double largest = 0;
  for_each_offset(base, inner, [&](const Offsets& at) {
    const double v = std::fabs(x_at(job, at));
    largest = std::isnan(v) || std::isnan(largest) ? NAN : std::max(largest, v);
  });
  if (std::isinf(p) || largest == 0 || !std::isfinite(largest)) return largest;
  double sum = 0;
  for_each_offset(base, inner, [&](const Offsets& at) {
    const double v = std::fabs(x_at(job, at)) / largest;
    sum += p == 2 ? v * v : p == 1 ? v : std::pow(v, p);
  });
  return largest * (p == 2 ? std::sqrt(sum) : p == 1 ? sum : std::pow(sum, 1 / p));
}

Dims begin(Call& call, const LpNormOptions& o) {
  if (!(o.p >= 1)) call.fail(Code::usage, "p", "a number of at least 1", fmt::format("{}", o.p));
  if (o.axes.empty()) call.fail(Code::usage, "axes", "at least one reduced axis", "none");
  call.eps(o.eps);
  const Dims kept = other_axes(call.axes("axes", o.axes), call.rank());
  call.keep(kept);
  return call.sizes_of(kept);
}

// dn/dx of one element: sign(x) * (|x|/n)^(p-1).
double slope(double x, double n, double p, double largest_count) noexcept {
  const double sign = x < 0 ? -1 : x > 0 ? 1 : 0;
  if (std::isinf(p)) return std::fabs(x) == n ? sign / largest_count : 0;
  return p == 2 ? x / n : p == 1 ? sign : sign * std::pow(std::fabs(x) / n, p - 1);
}

}  // namespace

void lp_norm(TensorView y, ConstTensorView x, const LpNormOptions& o, const LpNormResults& r, Context& context) {
  Call call("lp_norm", y, x, context);
  call.result("norm", r.norm, begin(call, o), DType::f64);
  plan_only(call.job(), context);
  const Job& job = call.job();
  const Values norm(r.norm);
  for_each_cell(job, context, [&](const Offsets& base, const Partition& inner) {
    const double n = norm_of(job, base, inner, o.p), divisor = n < o.eps ? o.eps : n;
    norm.set(base.cell, n);
    for_each_offset(base, inner,
                    [&](const Offsets& at) { set_y(job, at, divisor == 0 ? 0 : x_at(job, at) / divisor); });
  });
}

void lp_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x, const LpNormOptions& o,
                      Context& context) {
  Call call("lp_norm", gradients.dx, dy, x, context);
  call.refuse_parameter_gradients(gradients);
  begin(call, o);
  const Job& job = call.job();
  if (!job.maps) return;
  for_each_cell(job, context, [&](const Offsets& base, const Partition& inner) {
    const double n = norm_of(job, base, inner, o.p), divisor = n < o.eps ? o.eps : n;
    double sum = 0, largest = 0;
    for_each_offset(base, inner, [&](const Offsets& at) {
      sum += dy_at(job, at) * x_at(job, at);
      largest += std::fabs(x_at(job, at)) == n ? 1 : 0;
    });
    for_each_offset(base, inner, [&](const Offsets& at) {
      double dx = divisor == 0 ? 0 : dy_at(job, at) / divisor;
      if (n >= o.eps && n != 0) dx -= sum / n / n * slope(x_at(job, at), n, o.p, largest);
      set_y(job, at, dx);
    });
  });
}

}  // namespace poise
