// The backward pass over rows whose lanes are different units. Rows are measured block by block, joined in their order,
// so threads do not show in the result.

#include <algorithm>

#include "core/parallel.h"
#include "core/sums.h"
#include "kernels/gradient.h"
#include "kernels/lanes.h"
#include "schedule/elements.h"
#include "schedule/gradient.h"
#include "schedule/gradient_blocks.h"
#include "schedule/lanes.h"

namespace poise {
namespace {

// What the rows of a closure add to gamma's gradient is kept while it is measured, where there are no more of them.
constexpr std::int64_t most_row_sums = 1 << 14;

class GradientColumnsRun {
 public:
  GradientColumnsRun(const Job& job, const Plan& plan, Context& context)
      : job_(job),
        plan_(plan),
        kernels_(gradient_kernels_for(plan.target)),
        lane_kernels_(lane_kernels_for(plan.target)),
        used_(context.state().threads_used),
        workspace_(context.state().workspace),
        operands_(readable_operands(job, plan, workspace_)),
        merged_(plan.lane_merged.elements()),
        tiles_((plan.lanes + plan.tile - 1) / plan.tile),
        closures_(plan.cells.elements() * tiles_),
        blocks_(job, plan, operands_),
        alike_(std::all_of(plan.lane_merged.dims().begin(), plan.lane_merged.dims().end(),
                           [](const Dim& d) { return d.gamma == 0 && d.param == 0; })),
        units_(alike_ ? 1 : merged_),
        gamma_in_loop_(plan.gamma_by_row || plan.gamma_by_element),
        measures_(job.statistic != Statistic::none || (plan.param.present && !gamma_in_loop_)),
        chunks_(gamma_in_loop_ ? parameter_chunks(plan, closures_) : 1),
        parameters_(job, plan, chunks_, workspace_) {
    if (parameters_.wanted() && !gamma_in_loop_) unit_sums_ = workspace_.take<Sums>(closures_ * plan.tile);
    row_sums_ = parameters_.wanted() && measures_ && plan.gamma_by_row && !plan.gamma_by_element && plan.fold == 1 &&
                plan.runs.elements() <= most_row_sums;
    const bool vectors =
        lane_kernels_.derive != nullptr && plan.x_type != DType::f64 && job.statistic != Statistic::none;
    if (vectors && gamma_in_loop_ && merged_ == 1 && plan.fold == 1) plain_ = job.derivative->plain();
  }

  void run() {
    const bool by_blocks = closures_ < plan_.threads && blocks_.count() > closures_;
    const int teams = by_blocks ? 1 : plan_.threads;
    auto* scratch = workspace_.take<GradientScratch>(teams);
    for (int t = 0; t < teams; ++t) scratch[t] = take_scratch();
    if (by_blocks) {
      auto* partial = workspace_.take<double>(blocks_.count() * blocks_.sums_width());
      in_phases([&](Phase phase) {
        for (std::int64_t k = 0; k < chunks_; ++k)
          for (std::int64_t c = first_of(k); c < first_of(k + 1); ++c)
            share(tile_at(plan_, c), scratch[0], partial, k, phase);
      });
    } else if (couples_samples()) {
      used_ = parallel_for(teams, closures_, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t c = begin; c < end; ++c) {
          const Tile t = tile_at(plan_, c);
          closure(t, scratch[thread], 0, Phase::measure);
          job_.gradient_coupling->couple(t.base.cell);
          closure(t, scratch[thread], 0, Phase::map);
        }
        fence_streams();
      });
    } else {
      in_phases([&](Phase phase) { closures(scratch, phase); });
    }
    if (unit_sums_ != nullptr) add_units();
    parameters_.finish();
  }

 private:
  template <class F>
  void in_phases(F&& run) const {
    if (job_.gradient_coupling == nullptr) return run(Phase::whole);
    run(Phase::measure);
    couple_all(job_);
    run(Phase::map);
  }

  // Whether a closure is a coupled sample.
  bool couples_samples() const noexcept {
    const auto lanes = plan_.lane_cells.dims();
    return job_.gradient_coupling != nullptr && tiles_ == 1 && lanes.size() == 1 && lanes.back().cell == 1 &&
           lanes.back().size == job_.gradient_coupling->cells;
  }

  void closures(const GradientScratch* scratch, Phase phase) {
    const std::int64_t shares = gamma_in_loop_ && parameters_.wanted() ? chunks_ : closures_;
    used_ = parallel_for(plan_.threads, shares, [&](std::int64_t begin, std::int64_t end, int thread) {
      if (shares == chunks_ && gamma_in_loop_) {
        for (std::int64_t k = begin; k < end; ++k)
          for (std::int64_t c = first_of(k); c < first_of(k + 1); ++c)
            closure(tile_at(plan_, c), scratch[thread], k, phase);
      } else {
        for (std::int64_t c = begin; c < end; ++c) closure(tile_at(plan_, c), scratch[thread], 0, phase);
      }
      fence_streams();
    });
  }

  std::int64_t first_of(std::int64_t chunk) const noexcept { return closures_ * chunk / chunks_; }

  GradientScratch take_scratch() {
    GradientScratch s;
    for (double** array : {&s.center, &s.rstd}) {
      *array = workspace_.take<double>(blocks_.width());
      std::fill_n(*array, blocks_.width(), 0.0);
    }
    for (LaneSums* sums : {&s.sums, &s.block}) {
      *sums = blocks_.sums_at(workspace_.take<double>(blocks_.sums_width()));
      std::fill_n(sums->s, blocks_.sums_width(), 0.0);
    }
    for (void** array : {&s.hi, &s.scale, &s.a, &s.b}) {
      auto* values = workspace_.take<double>(blocks_.width());
      std::fill_n(values, blocks_.width(), 0.0);
      *array = values;
    }
    if (row_sums_) {
      s.row_dgamma = workspace_.take<double>(plan_.runs.elements());
      s.row_dbeta = workspace_.take<double>(plan_.runs.elements());
    }
    s.affine = workspace_.take<CellAffine>(plan_.tile / merged_);
    s.gradient = workspace_.take<CellGradient>(plan_.tile / merged_);
    return s;
  }

  // What the first row of a fold has is every row's.
  template <class T>
  void repeat(const Tile& t, void* values) const noexcept {
    T* const first = static_cast<T*>(values);
    for (std::int64_t f = 1; f < plan_.fold; ++f) std::copy_n(first, t.lanes, first + f * t.lanes);
  }
  void unfold(const Tile& t, const LaneSums& all) const noexcept {
    for (double* sums : {all.s, all.q, all.p})
      for (std::int64_t f = 1; sums != nullptr && f < plan_.fold; ++f)
        for (std::int64_t j = 0; j < t.lanes; ++j) sums[j] += sums[f * t.lanes + j];
  }

  // --- merge ---

  void open(const Tile& t, const GradientScratch& scratch) const noexcept {
    if (plain_ == Derivative::Plain::no) return open_one_by_one(t, scratch);
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      job_.derivative->saved_many(run.at.cell, run.step.cell, run.count, scratch.center + run.lane,
                                  scratch.rstd + run.lane);
    });
  }
  void open_one_by_one(const Tile& t, const GradientScratch& scratch) const noexcept {
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      double center[CellRun::most], rstd[CellRun::most];
      for (std::int64_t i = 0; i < run.count; ++i) {
        const CellAffine affine = job_.derivative->saved(run.at.cell + i * run.step.cell);
        scratch.affine[run.cell + i] = affine;
        center[i] = affine.center;
        rstd[i] = affine.scale;
      }
      lane_kernels_.spread(center, run.count, merged_, scratch.center + run.lane);
      lane_kernels_.spread(rstd, run.count, merged_, scratch.rstd + run.lane);
    });
    repeat<double>(t, scratch.center);
  }

  // Of a lane `unit` of the run's i-th cell.
  double gamma(const CellRun& run, std::int64_t i, std::int64_t unit) const noexcept {
    if (gamma_in_loop_) return 1;
    return operands_.gamma.value(run.at.gamma + i * run.step.gamma + offsets_at(plan_.lane_merged.dims(), unit).gamma);
  }

  // The sums of the run's i-th cell, each of its units weighted with gamma; s and q: one a unit.
  GradientSums total(const Tile& t, const GradientScratch& scratch, const CellRun& run, std::int64_t i, const double* s,
                     const double* q) const noexcept {
    const CellAffine& affine = scratch.affine[run.cell + i];
    Sums* const sums = unit_sums_ == nullptr ? nullptr : unit_sums_ + t.index * plan_.tile + run.lane + i * merged_;
    GradientSums total;
    total.count = plan_.cell_elements;
    for (std::int64_t unit = 0; measures_ && unit < units_; ++unit) {
      const double g = gamma(run, i, unit);
      total.s0 += g * s[unit];
      total.s1 += g * q[unit];
      if (sums != nullptr) sums[unit] = {s[unit], affine.scale * q[unit] + affine.shift * s[unit]};
    }
    return total;
  }

  // Plain gradients of cells that are lanes, by vectors; false where some cell needs more than that.
  bool merge_plainly(const Tile& t, const GradientScratch& scratch) const noexcept {
    if (plain_ == Derivative::Plain::no) return false;
    PlainGradients l{scratch.center, scratch.rstd, scratch.sums.s, scratch.sums.q, plan_.cell_elements, t.lanes};
    l.centered = plain_ == Derivative::Plain::centered;
    l.hi = static_cast<float*>(scratch.hi);
    l.scale = static_cast<float*>(scratch.scale);
    l.a = static_cast<float*>(scratch.a);
    l.b = static_cast<float*>(scratch.b);
    if (lane_kernels_.derive(l)) return true;
    open_one_by_one(t, scratch);
    return false;
  }

  // The coefficients of a run's cells, one a unit.
  template <class T>
  struct Laid {
    T hi[CellRun::most], scale[CellRun::most], a[CellRun::most], b[CellRun::most];
  };
  // Keeps the sums of coupled cells, or fills the lanes' coefficients; true when some are beyond float32.
  bool merge(const Tile& t, const GradientScratch& scratch, Phase phase) const noexcept {
    if (merge_plainly(t, scratch)) return false;
    bool any_extreme = false;
    if (phase != Phase::map) unfold(t, scratch.sums);
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      if (phase == Phase::measure) return keep(t, scratch, run);
      phase == Phase::map ? derive_coupled(t, scratch, run) : derive(t, scratch, run);
      any_extreme |= plan_.x_type == DType::f64 ? fill<double>(scratch, run) : fill<float>(scratch, run);
    });
    for (void* values : {scratch.hi, scratch.scale, scratch.a, scratch.b}) {
      plan_.x_type == DType::f64 ? repeat<double>(t, values) : repeat<float>(t, values);
    }
    return any_extreme;
  }

  void derive(const Tile& t, const GradientScratch& scratch, const CellRun& run) const noexcept {
    double s[CellRun::most], q[CellRun::most];
    if (measures_ && alike_) {
      lane_kernels_.sums(scratch.sums.s + run.lane, run.count, merged_, s);
      lane_kernels_.sums(scratch.sums.q + run.lane, run.count, merged_, q);
    }
    for (std::int64_t i = 0; i < run.count; ++i) {
      const std::int64_t lane = run.lane + i * merged_;
      scratch.gradient[run.cell + i] = (*job_.derivative)(
          run.at.cell + i * run.step.cell,
          total(t, scratch, run, i, alike_ ? s + i : scratch.sums.s + lane, alike_ ? q + i : scratch.sums.q + lane));
    }
  }

  // Coupled cells' gamma is theirs, and so their lanes are alike; what they add to its gradient waits for their affine.
  void keep(const Tile& t, const GradientScratch& scratch, const CellRun& run) const noexcept {
    double s[CellRun::most], q[CellRun::most], p[CellRun::most];
    lane_kernels_.sums(scratch.sums.s + run.lane, run.count, merged_, s);
    lane_kernels_.sums(scratch.sums.q + run.lane, run.count, merged_, q);
    lane_kernels_.sums(scratch.sums.p + run.lane, run.count, merged_, p);
    for (std::int64_t i = 0; i < run.count; ++i) {
      scratch.affine[run.cell + i] = {};
      GradientSums sums = total(t, scratch, run, i, s + i, q + i);
      sums.power = p[i];
      job_.gradient_coupling->keep(run.at.cell + i * run.step.cell, sums);
    }
  }
  void derive_coupled(const Tile& t, const GradientScratch& scratch, const CellRun& run) const noexcept {
    for (std::int64_t i = 0; i < run.count; ++i) {
      scratch.gradient[run.cell + i] = (*job_.derivative)(run.at.cell + i * run.step.cell, {});
      if (unit_sums_ == nullptr) continue;
      unit_sums_[t.index * plan_.tile + run.lane + i * merged_].q *= scratch.affine[run.cell + i].scale;
    }
  }

  template <class T>
  bool fill(const GradientScratch& scratch, const CellRun& run) const noexcept {
    bool any_extreme = false;
    Laid<T> laid;
    for (std::int64_t unit = 0; unit < units_; ++unit) {
      for (std::int64_t i = 0; i < run.count; ++i) {
        const GradientCoefficients c = gradient_coefficients(
            scratch.affine[run.cell + i], scratch.gradient[run.cell + i], gamma(run, i, unit), plan_.x_type);
        any_extreme |= extreme(c, plan_.x_type);
        laid.hi[i] = static_cast<T>(c.hi);
        laid.scale[i] = static_cast<T>(c.scale);
        laid.a[i] = static_cast<T>(c.a);
        laid.b[i] = static_cast<T>(c.b);
      }
      lay_out(run, unit, laid.hi, static_cast<T*>(scratch.hi));
      lay_out(run, unit, laid.scale, static_cast<T*>(scratch.scale));
      lay_out(run, unit, laid.a, static_cast<T*>(scratch.a));
      lay_out(run, unit, laid.b, static_cast<T*>(scratch.b));
    }
    return any_extreme;
  }

  // One value a cell of the run, for its lane `unit` or for all of them.
  template <class T>
  void lay_out(const CellRun& run, std::int64_t unit, const T* values, T* to) const noexcept {
    T* at = to + run.lane + unit;
    if (alike_) return lane_kernels_.spread(values, run.count, merged_, at);
    for (std::int64_t i = 0; i < run.count; ++i) at[i * merged_] = values[i];
  }

  double lane_gamma(const Tile& t, std::int64_t lane) const noexcept {
    return gamma_in_loop_ ? 1 : operands_.gamma.value(lane_offsets(plan_, t, lane).gamma);
  }

  bool extreme_cell(const Tile& t, const GradientScratch& scratch, std::int64_t lane) const noexcept {
    bool any = false;
    for (std::int64_t j = lane; j < lane + merged_; ++j) {
      any |= extreme(gradient_coefficients(scratch.affine[lane / merged_], scratch.gradient[lane / merged_],
                                           lane_gamma(t, j), plan_.x_type),
                     plan_.x_type);
    }
    return any;
  }

  // The cells beyond float32 coefficients exactly; the others as ever, so that such a neighbour changes no bit of them.
  void map_apart(const Tile& t, const GradientScratch& scratch) const noexcept {
    const Partition dims = joined(plan_.runs, plan_.lane_merged);
    std::int64_t first = 0;
    for (std::int64_t lane = 0; lane < t.lanes; lane += merged_) {
      if (!extreme_cell(t, scratch, lane)) continue;
      blocks_.map_lanes(t, scratch, first, lane);
      first = lane + merged_;
      map_gradient_exactly(job_, operands_, lane_offsets(plan_, t, lane), dims, scratch.affine[lane / merged_],
                           scratch.gradient[lane / merged_]);
    }
    blocks_.map_lanes(t, scratch, first, t.lanes);
  }

  // --- gamma's and beta's gradients ---

  void add_units() const noexcept {
    for (std::int64_t c = 0; c < closures_; ++c) {
      for_each_cell_run(plan_, tile_at(plan_, c), [&](const CellRun& run) {
        for (std::int64_t i = 0; i < run.count; ++i) {
          const Sums* const sums = unit_sums_ + c * plan_.tile + run.lane + i * merged_;
          const std::int64_t param = run.at.param + i * run.step.param;
          for (std::int64_t unit = 0; unit < units_; ++unit) {
            parameters_.add(param + offsets_at(plan_.lane_merged.dims(), unit).param, sums[unit].q, sums[unit].s);
          }
        }
      });
    }
  }

  // Gamma changes from row to row: a sum across each row, or one a lane of it.
  void add_parameters(const Tile& t, const GradientScratch& scratch, std::int64_t chunk) const noexcept {
    if (row_sums_) return add_row_sums(t, scratch, chunk);
    for (std::int64_t r = 0; r < plan_.runs.elements(); ++r) {
      const Offsets at = t.base + offsets_at(plan_.runs.dims(), r);
      ParameterRun run;
      run.x = address(job_.x.data(), plan_.x_type, at.x);
      run.dy = address(job_.dy.data(), plan_.x_type, at.dy);
      run.length = t.lanes;
      run.center = scratch.center;
      run.scale = scratch.rstd;
      const std::int64_t param = at.param + (plan_.gamma_by_element ? t.first : 0);
      run.dgamma = parameters_.dgamma(chunk) + param;
      run.dbeta = parameters_.dbeta(chunk) + param;
      (plan_.gamma_by_row ? kernels_.across : kernels_.along)[static_cast<int>(plan_.x_type)](run);
    }
  }

  void add_row_sums(const Tile& t, const GradientScratch& scratch, std::int64_t chunk) const noexcept {
    for (std::int64_t r = 0; r < plan_.runs.elements(); ++r) {
      const std::int64_t param = (t.base + offsets_at(plan_.runs.dims(), r)).param;
      parameters_.dgamma(chunk)[param] += scratch.row_dgamma[r];
      parameters_.dbeta(chunk)[param] += scratch.row_dbeta[r];
    }
  }

  // --- a closure on one thread, or shared by all ---

  void closure(const Tile& t, const GradientScratch& scratch, std::int64_t chunk, Phase phase) const noexcept {
    if (phase != Phase::measure) open(t, scratch);
    if (measures_ && phase != Phase::map) blocks_.measure(t, scratch);
    const bool any_extreme = merge(t, scratch, phase);
    if (gamma_in_loop_ && parameters_.wanted()) add_parameters(t, scratch, chunk);
    if (!job_.maps || phase == Phase::measure) return;
    if (any_extreme) return map_apart(t, scratch);
    for (std::int64_t b = blocks_.count(); b-- > 0;) blocks_.map(t, scratch, b);
  }

  void share(const Tile& t, const GradientScratch& scratch, double* partial, std::int64_t chunk, Phase phase) {
    if (phase != Phase::measure) open(t, scratch);
    if (measures_ && phase != Phase::map) {
      used_ = parallel_for(plan_.threads, blocks_.count(), [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t b = begin; b < end; ++b)
          blocks_.measure(t, scratch, b, blocks_.sums_at(partial + b * blocks_.sums_width()));
      });
      std::copy_n(partial, blocks_.sums_width(), scratch.sums.s);
      for (std::int64_t b = 1; b < blocks_.count(); ++b)
        blocks_.join(blocks_.sums_at(partial + b * blocks_.sums_width()), scratch.sums);
    }
    const bool any_extreme = merge(t, scratch, phase);
    if (gamma_in_loop_ && parameters_.wanted()) add_parameters(t, scratch, chunk);
    if (!job_.maps || phase == Phase::measure) return;
    if (any_extreme) return map_apart(t, scratch);
    used_ = parallel_for(plan_.threads, blocks_.count(), [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = end; b-- > begin;) blocks_.map(t, scratch, b);
      fence_streams();
    });
  }

  const Job& job_;
  const Plan& plan_;
  const GradientKernels& kernels_;
  const LaneKernels& lane_kernels_;
  int& used_;
  Workspace& workspace_;
  Operands operands_;
  std::int64_t merged_, tiles_, closures_;
  GradientBlocks blocks_;
  bool alike_;          // the lanes of a cell have one gamma
  std::int64_t units_;  // of a cell: 1, or as many as lanes
  bool gamma_in_loop_, measures_, row_sums_ = false;
  Derivative::Plain plain_ = Derivative::Plain::no;
  std::int64_t chunks_;
  ParameterSums parameters_;
  Sums* unit_sums_ = nullptr;  // [closure][lane]: what each, or a cell whose lanes are alike, adds to
                               // beta's (s) and gamma's (q) gradient
};

}  // namespace

void run_gradient_columns(const Job& job, const Plan& plan, Context& context) {
  GradientColumnsRun(job, plan, context).run();
}

}  // namespace poise
