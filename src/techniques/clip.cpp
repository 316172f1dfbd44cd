// Clipping of weights. Arjovsky, Chintala, Bottou 2017 (Wasserstein GAN), arXiv:1701.07875.
//
//     y = min(max(w, low), high)
//
// w, y: any shape   nothing is kept

#include <poise/lp_norm.h>

#include <fmt/format.h>

#include <cmath>

#include "core/call.h"
#include "schedule/execute.h"
#include "schedule/pointwise.h"

namespace poise {
namespace {

// Each element is a cell of its own.
void check(Call& call, const ClipOptions& o) {
  Dims all;
  for (std::int64_t axis = 0; axis < call.rank(); ++axis) all.push_back(axis);
  call.keep(all);
  if (!(o.low <= o.high))
    call.fail(Code::usage, "low", fmt::format("at most high {}", o.high), fmt::format("{}", o.low));
}

}  // namespace

void clip(TensorView y, ConstTensorView w, const ClipOptions& o, Context& context) {
  Call call("clip", y, w, context);
  check(call, o);
  plan_only(call.job(), context);
  const Job& job = call.job();
  for_each_cell(job, context, [&](const Offsets& base, const Partition& inner) {
    for_each_offset(base, inner, [&](const Offsets& at) {
      const double v = x_at(job, at);
      set_y(job, at, v < o.low ? o.low : v > o.high ? o.high : v);
    });
  });
}

void clip_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w, const ClipOptions& o,
                   Context& context) {
  Call call("clip", gradients.dx, dy, w, context);
  call.refuse_parameter_gradients(gradients);
  check(call, o);
  const Job& job = call.job();
  if (!job.maps) return;
  for_each_cell(job, context, [&](const Offsets& base, const Partition& inner) {
    for_each_offset(base, inner, [&](const Offsets& at) {
      const double v = x_at(job, at);
      set_y(job, at, std::isnan(v) ? v : v < o.low || v > o.high ? 0 : dy_at(job, at));
    });
  });
}

}  // namespace poise
