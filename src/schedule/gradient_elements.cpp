// The backward pass one element at a time in float64: for layouts whose inner dim is not contiguous, for masks, and for
// cells beyond float32 coefficients.

#include <cmath>

#include "core/parallel.h"
#include "schedule/elements.h"
#include "schedule/gradient.h"

namespace poise {
namespace {

// What one element contributes, read once.
struct Element {
  double x = 0, dy = 0, gamma = 1;
};

Element element(const Job& job, const Operands& operands, const Offsets& at) noexcept {
  return {element_at(job.x.data(), job.x.dtype(), at.x), element_at(job.dy.data(), job.dy.dtype(), at.dy),
          operands.gamma.value(at.gamma)};
}

GradientSums measure(const Job& job, const Operands& operands, const Offsets& base, const Partition& dims,
                     const CellAffine& affine, double* dgamma, double* dbeta) noexcept {
  GradientSums sums;
  for_each_offset(base, dims, [&](const Offsets& at) {
    if (!job.counts(at)) return;
    const Element e = element(job, operands, at);
    const double deviation = e.x - affine.center, weighted = e.gamma * e.dy;
    ++sums.count;
    sums.power = std::fma(e.x, e.x, sums.power);
    sums.s0 += weighted;
    sums.s1 = std::fma(weighted, deviation, sums.s1);
    if (dgamma == nullptr) return;
    dgamma[at.param] += e.dy * (deviation * affine.scale + affine.shift);
    dbeta[at.param] += e.dy;
  });
  return sums;
}

}  // namespace

void map_gradient_exactly(const Job& job, const Operands& operands, const Offsets& base, const Partition& dims,
                          const CellAffine& affine, const CellGradient& gradient) noexcept {
  for_each_offset(base, dims, [&](const Offsets& at) {
    const Element e = element(job, operands, at);
    double dx = (e.gamma * affine.scale + affine.identity) * e.dy;
    if (job.counts(at)) {
      dx += std::fma(gradient.a, (e.x - affine.center) - affine.center_lo, gradient.b);
    } else {
      if (job.leaves_masked) return;
      const Masked masked = masked_as(job, at);
      if (masked == Masked::zero) dx = 0;
      if (masked == Masked::keep) dx = e.dy;
    }
    set_element(job.y.data(), job.y.dtype(), at.y, dx);
  });
}

void run_gradient_strided(const Job& job, const Plan& plan, Context& context) {
  const Operands operands = readable_operands(job, plan, context.state().workspace);
  const std::int64_t cells = plan.cells.elements(), chunks = parameter_chunks(plan, cells);
  const ParameterSums parameters(job, plan, chunks, context.state().workspace);
  const bool measures = (job.statistic != Statistic::none && job.gradient_coupling == nullptr) || parameters.wanted();
  if (job.gradient_coupling != nullptr) {
    parallel_for(plan.threads, cells, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t cell = begin; cell < end; ++cell) {
        const Offsets base = offsets_at(plan.cells.dims(), cell);
        job.gradient_coupling->keep(base.cell, measure(job, operands, base, plan.runs, {}, nullptr, nullptr));
      }
    });
    couple_all(job);
  }
  const auto handle = [&](std::int64_t cell, std::int64_t chunk) {
    const Offsets base = offsets_at(plan.cells.dims(), cell);
    const CellAffine affine = job.derivative->saved(base.cell);
    GradientSums sums;
    if (measures) {
      double* dgamma = parameters.wanted() ? parameters.dgamma(chunk) : nullptr;
      double* dbeta = parameters.wanted() ? parameters.dbeta(chunk) : nullptr;
      sums = measure(job, operands, base, plan.runs, affine, dgamma, dbeta);
    }
    const CellGradient gradient = (*job.derivative)(base.cell, sums);
    if (job.maps) map_gradient_exactly(job, operands, base, plan.runs, affine, gradient);
  };
  const std::int64_t shares = parameters.wanted() ? chunks : cells;
  context.state().threads_used = parallel_for(plan.threads, shares, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t k = begin; k < end; ++k)
      for (std::int64_t cell = cells * k / shares; cell < cells * (k + 1) / shares; ++cell) handle(cell, k);
  });
  parameters.finish();
}

}  // namespace poise
