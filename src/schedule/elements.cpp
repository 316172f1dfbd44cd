#include "schedule/elements.h"

#include <cmath>

#include "core/context_state.h"
#include "core/parallel.h"

namespace poise {
namespace {

// Calls visit(offsets) for every element, the last dim by addition instead of division.
template <class F>
void for_each(const Offsets& base, const Partition& p, F&& visit) noexcept {
  const auto dims = p.dims();
  if (dims.empty()) return visit(base);
  const Dim& inner = dims.back();
  const auto outer = dims.first(dims.size() - 1);
  const std::int64_t count = elements(outer);
  for (std::int64_t o = 0; o < count; ++o) {
    Offsets at = base + offsets_at(outer, o);
    for (std::int64_t i = 0; i < inner.size; ++i) {
      visit(at);
      at = at + Offsets{inner.x, inner.y, inner.gamma, inner.beta, inner.cell};
    }
  }
}

}  // namespace

double Elements::pivot(const Offsets& base) const noexcept {
  return job_.statistic == Statistic::moments ? element_at(job_.x.data(), job_.x.dtype(), base.x) : 0;
}

Sums Elements::measure(const Offsets& base, const Partition& dims, double pivot) const noexcept {
  Sums sums = nothing(job_.statistic);
  for_each(base, dims, [&](const Offsets& at) {
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
  const Coefficients c = coefficients_of(cell, 1, 0, DType::f64);
  for_each(base, dims, [&](const Offsets& at) {
    const double v = element_at(job_.x.data(), job_.x.dtype(), at.x);
    const double normal = std::fma(v - c.hi, c.scale, c.shift);
    set_element(job_.y.data(), job_.y.dtype(), at.y,
                std::fma(normal, operands_.gamma.value(at.gamma), operands_.beta.value(at.beta)));
  });
}

Partition joined(const Partition& a, const Partition& b) noexcept {
  Partition all = a;
  for (const Dim& d : b.dims()) all.add(d);
  return all;
}

void run_strided(const Job& job, const Plan& plan, Context& context) {
  const Operands operands = readable_operands(job, plan, context.state().workspace);
  const Elements elements(job, operands);
  context.state().threads_used =
      parallel_for(plan.threads, plan.cells.elements(), [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t cell = begin; cell < end; ++cell) {
          const Offsets base = offsets_at(plan.cells.dims(), cell);
          Measured measured;
          if (job.statistic != Statistic::none) {
            double pivot = elements.pivot(base);
            measured = measured_of(job.statistic, plan.cell_elements, pivot, elements.measure(base, plan.runs, pivot));
            if (job.statistic == Statistic::moments && bad_pivot(measured, pivot, plan.x_type)) {
              pivot = measured.mean;
              measured =
                  measured_of(job.statistic, plan.cell_elements, pivot, elements.measure(base, plan.runs, pivot));
            }
          }
          elements.map(base, plan.runs, (*job.merge)(base.cell, measured));
        }
      });
}

}  // namespace poise
