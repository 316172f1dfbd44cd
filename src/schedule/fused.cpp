// What is fused to a normalization and comes before it, as one pass over the elements.

#include "schedule/fused.h"

#include "core/context_state.h"
#include "core/each_row.h"
#include "core/element.h"
#include "core/parallel.h"
#include "kernels/pointwise.h"
#include "schedule/operands.h"

namespace poise {
namespace {

// Runs along the innermost dim where all three lie side by side in it; else one element at a time.
struct Pass {
  ConstTensorView a, b;
  TensorView out;
  std::int64_t Offsets::*a_stride;
  std::int64_t Offsets::*b_stride;
  PointwiseFn run = nullptr;
  double slope = 0;

  void at(const Offsets& o, std::int64_t length) const noexcept {
    PointwiseRun p;
    p.a = address(a.data(), a.dtype(), o.*a_stride);
    if (b.present()) p.b = address(b.data(), b.dtype(), o.*b_stride);
    p.out = address(out.data(), out.dtype(), o.y);
    p.length = length;
    p.slope = slope;
    run(p);
  }
};

void run_pass(const Pass& pass, Partition p, Context& context) {
  constexpr std::int64_t stretch = 1 << 14;
  for (Dim& d : p.dims()) {
    const std::int64_t a = d.*pass.a_stride, b = d.*pass.b_stride, out = d.y, size = d.size;
    d = Dim{};
    d.size = size;
    d.*pass.a_stride = a;
    if (pass.b.present()) d.*pass.b_stride = b;
    d.y = out;
  }
  p.compress();
  if (p.empty()) return pass.at({}, p.elements());
  const Dim inner = p.inner();
  const bool side_by_side =
      inner.y == 1 && inner.*pass.a_stride == 1 && (!pass.b.present() || inner.*pass.b_stride == 1);
  const auto outer = p.dims().first(p.dims().size() - 1);
  const std::int64_t step = side_by_side ? stretch : 1, pieces = (inner.size + step - 1) / step;
  parallel_for(threads_allowed(context), elements(outer) * pieces, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % pieces * step;
      pass.at(offsets_at(outer, i / pieces) + first * inner, std::min(step, inner.size - first));
    }
  });
}

// One element at a time: where some do not count, to which no activation was applied, and for a y of another type.
void gate_elements(const Job& job, Context& context) {
  const Gate& g = job.gate;
  for_each_row(g.partition, context, [&](std::int64_t, Offsets at, const Dim& inner) {
    for (std::int64_t i = 0; i < inner.size; ++i, at = at + inner) {
      const double dy = element_at(g.dy.data(), g.dy.dtype(), at.dy);
      const bool counted = job.leaves_masked || job.counts(at);
      const bool passes = !counted || element_at(g.y.data(), g.y.dtype(), at.z) > 0;
      set_element(g.gated.data(), g.gated.dtype(), at.y, passes ? dy : g.slope == 0 ? 0 : g.slope * dy);
    }
  });
}

}  // namespace

void run_before(const Job& job, Context& context) {
  const PointwiseKernels& kernels = pointwise_kernels_for(context.target);
  const auto type = static_cast<int>(job.x.dtype());
  if (job.x.elements() == 0) return;
  if (const Addition& a = job.addition; a.sum.present()) {
    run_pass({a.x, a.residual, a.sum, &Offsets::x, &Offsets::dy, kernels.add[type]}, a.partition, context);
  }
  if (const Gate& g = job.gate; g.gated.present()) {
    const bool masks = job.mask.present() && !job.leaves_masked;
    if (g.y.present() && (masks || g.y.dtype() != job.x.dtype())) return gate_elements(job, context);
    run_pass({g.dy, g.y, g.gated, &Offsets::dy, &Offsets::z, kernels.gate[type], g.slope}, g.partition, context);
  }
}

}  // namespace poise
