#pragma once

#include <cmath>
#include <cstdint>

#include "core/context_state.h"
#include "core/job.h"
#include "core/plan.h"
#include "kernels/lanes.h"
#include "schedule/operands.h"

namespace poise {

// dx = fma(scale, dy, fma(a, x - hi, b)), rounded to what the loops compute in; as in Coefficients, what lies below hi
// goes into the constant.
struct GradientCoefficients {
  double hi = 0, scale = 1, a = 0, b = 0;
};

inline GradientCoefficients gradient_coefficients(const CellAffine& affine, const CellGradient& gradient, double gamma,
                                                  DType x) noexcept {
  GradientCoefficients c;
  c.hi = x == DType::f64 ? affine.center : static_cast<double>(static_cast<float>(affine.center));
  c.scale = gamma * affine.scale + affine.identity;
  c.a = gradient.a;
  c.b = gradient.b - gradient.a * ((affine.center - c.hi) + affine.center_lo);
  return c;
}

// Whether a float32 loop would lose digits of these coefficients, or overflow on the way.
inline bool extreme(const GradientCoefficients& c, DType x) noexcept {
  if (x == DType::f64) return false;
  const auto out = [](double v) {
    return v != 0 && !(std::fabs(v) > least_scale && std::fabs(v) < most_scale) && !std::isnan(v);
  };
  return out(c.scale) || out(c.a) || std::fabs(c.b) > most_scale;
}

// The sums of gamma's and beta's gradients, one pair a value of gamma, in the plan's order; `chunks` of them are filled
// apart and added in their order.
class ParameterSums {
 public:
  ParameterSums(const Job& job, const Plan& plan, std::int64_t chunks, Workspace& workspace)
      : job_(job), plan_(plan), chunks_(plan.param.present ? chunks : 0), size_(plan.param.size) {
    sums_ = workspace.take<double>(2 * chunks_ * size_);
    for (std::int64_t i = 0; i < 2 * chunks_ * size_; ++i) sums_[i] = 0;
  }
  bool wanted() const noexcept { return chunks_ > 0; }
  double* dgamma(std::int64_t chunk) const noexcept { return sums_ + 2 * chunk * size_; }
  double* dbeta(std::int64_t chunk) const noexcept { return dgamma(chunk) + size_; }
  void add(std::int64_t param, double dgamma_part, double dbeta_part) const noexcept {
    dgamma(0)[param] += dgamma_part;
    dbeta(0)[param] += dbeta_part;
  }
  void finish() const noexcept {
    if (!wanted()) return;
    const LaneKernels& kernels = lane_kernels_for(plan_.target);
    for (std::int64_t chunk = 1; chunk < chunks_; ++chunk) kernels.accumulate(dgamma(chunk), 2 * size_, sums_);
    for_each_run(plan_.param.source.dims(), [&](std::int64_t at, std::int64_t in_copy, const Dim& inner) {
      if (job_.dgamma != nullptr) add_run(dgamma(0) + in_copy, inner, job_.dgamma + at);
      if (job_.dbeta != nullptr) add_run(dbeta(0) + in_copy, inner, job_.dbeta + at);
    });
  }

 private:
  void add_run(const double* from, const Dim& run, double* to) const noexcept {
    if (run.gamma == 1 && run.param == 1) return lane_kernels_for(plan_.target).accumulate(from, run.size, to);
    for (std::int64_t i = 0; i < run.size; ++i) to[i * run.gamma] += from[i * run.param];
  }

  const Job& job_;
  const Plan& plan_;
  std::int64_t chunks_, size_;
  double* sums_ = nullptr;
};

// How many chunks of cells (or closures of them) add up their parameters' gradients apart: by the shape alone, never by
// the threads. A chunk's sums are set to zero and added up, which few elements, or few rows of many, would not repay;
// two chunks of few rows still let two threads work.
inline std::int64_t parameter_chunks(const Plan& plan, std::int64_t cells) noexcept {
  constexpr std::int64_t most = 32, most_values = std::int64_t{1} << 20, fewest = std::int64_t{3} << 13, rows = 16;
  if (!plan.param.present) return 1;
  const std::int64_t elements = plan.cells.elements() * plan.lane_cells.elements() * plan.cell_elements;
  const std::int64_t values = std::max<std::int64_t>(plan.param.size, 1);
  const std::int64_t repaid = std::max(elements / (rows * values), std::int64_t{2});
  return std::max<std::int64_t>(1, std::min({cells, most, most_values / values, elements / fewest, repaid}));
}

// A closure's work: all of it, or where cells are coupled one half before and one after that.
enum class Phase : std::uint8_t { whole, measure, map };

// All samples, whose cells are all kept.
inline void couple_all(const Job& job) noexcept {
  std::int64_t cells = 1;
  for (const Dim& d : job.partition.dims()) cells *= d.role == Role::cell ? d.size : 1;
  const GradientCoupling& coupling = *job.gradient_coupling;
  for (std::int64_t first = 0; first < cells; first += coupling.cells) coupling.couple(first);
}

// Whether a thread measures, couples and maps a sample at a time, `samples` of them; else all of them in turn.
inline bool by_samples(const Plan& plan, std::int64_t samples) noexcept {
  return samples % plan.threads == 0 || samples >= 4 * plan.threads;
}

// The same three loop shapes as forward.
void run_gradient_rows(const Job& job, const Plan& plan, Context& context);
void run_gradient_columns(const Job& job, const Plan& plan, Context& context);
void run_gradient_strided(const Job& job, const Plan& plan, Context& context);

// The gradient of one cell, element by element in float64: dx, and where given the sums along its parameters.
void map_gradient_exactly(const Job& job, const Operands& operands, const Offsets& base, const Partition& dims,
                          const CellAffine& affine, const CellGradient& gradient) noexcept;

}  // namespace poise
