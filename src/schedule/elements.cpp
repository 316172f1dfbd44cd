#include "schedule/elements.h"

#include <cmath>

#include "core/activation.h"
#include "core/context_state.h"
#include "core/parallel.h"

namespace poise {
double Elements::pivot(const Offsets& base, const Partition& dims) const noexcept {
  if (!job_.mask.present() || job_.statistic != Statistic::moments) return pivot(base);
  double first = 0;
  bool found = false;
  for_each_offset(base, dims, [&](const Offsets& at) {
    if (found || !job_.counts(at)) return;
    first = element_at(job_.x.data(), job_.x.dtype(), at.x);
    found = true;
  });
  return first;
}

Sums Elements::measure(const Offsets& base, const Partition& dims, double pivot, std::int64_t& count) const noexcept {
  Sums sums = nothing(job_.statistic);
  count = 0;
  for_each_offset(base, dims, [&](const Offsets& at) {
    if (!job_.counts(at)) return;
    ++count;
    const double v = element_at(job_.x.data(), job_.x.dtype(), at.x);
    if (job_.statistic == Statistic::range) {
      join(job_.statistic, sums, {v, v});
    } else {
      const double d = v - pivot;
      sums.s += d;
      sums.q = std::fma(d, d, sums.q);
    }
  });
  return sums;
}

void Elements::map(const Offsets& base, const Partition& dims, const CellAffine& cell) const noexcept {
  // Gamma and beta differ per element here, so the shift keeps only what belongs to the cell.
  CellAffine plain = cell;
  plain.identity = 0;
  const Coefficients c = coefficients_of(plain, 1, 0, DType::f64);
  const Finish& e = job_.epilogue;
  for_each_offset(base, dims, [&](const Offsets& at) {
    const double v = element_at(job_.x.data(), job_.x.dtype(), at.x);
    const double deviation = v - c.hi;
    double y = operands_.beta.value(at.beta);
    if (cell.identity != 0) y = std::fma(cell.identity, deviation - cell.center_lo, y);  // not 0 times infinity
    y = std::fma(std::fma(deviation, c.scale, c.shift), operands_.gamma.value(at.gamma), y);
    if (!job_.counts(at)) {
      if (job_.leaves_masked) return;
      const Masked masked = masked_as(job_, at);
      if (masked == Masked::zero) y = 0;
      if (masked == Masked::keep) y = v;
      if (e.dy.present()) y = element_at(e.dy.data(), e.dy.dtype(), at.dy);
    } else if (e.present()) {
      if (e.residual.present()) y += element_at(e.residual.data(), e.residual.dtype(), at.z);
      y = e.dy.present() ? element_at(e.dy.data(), e.dy.dtype(), at.dy) * derivative(y, e.activation)
                         : activated(y, e.activation, e.slope);
    }
    set_element(job_.y.data(), job_.y.dtype(), at.y, y);
  });
}

Partition joined(const Partition& a, const Partition& b) noexcept {
  Partition all = a;
  for (const Dim& d : b.dims()) all.add(d);
  return all;
}

namespace {

Measured measured_cell(const Elements& elements, const Job& job, const Plan& plan, const Offsets& base) noexcept {
  Measured measured;
  if (job.statistic == Statistic::none) return measured;
  std::int64_t count = 0;
  const auto measure = [&](double pivot) {
    const Sums sums = elements.measure(base, plan.runs, pivot, count);
    return count == 0 ? Measured{} : measured_of(job.statistic, count, pivot, sums);
  };
  const double pivot = elements.pivot(base, plan.runs);
  measured = measure(pivot);
  const bool again = count > 0 && job.statistic == Statistic::moments && bad_pivot(measured, pivot, plan.x_type);
  return again ? measure(measured.mean) : measured;
}

}  // namespace

void run_strided(const Job& job, const Plan& plan, Context& context) {
  const Operands operands = readable_operands(job, plan, context.state().workspace);
  const Elements elements(job, operands);
  context.state().threads_used =
      parallel_for(plan.threads, plan.cells.elements(), [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t cell = begin; cell < end; ++cell) {
          const Offsets base = offsets_at(plan.cells.dims(), cell);
          const Measured measured = measured_cell(elements, job, plan, base);
          const CellAffine affine = (*job.merge)(base.cell, measured);
          if (job.maps) elements.map(base, plan.runs, affine);
        }
      });
}

}  // namespace poise
