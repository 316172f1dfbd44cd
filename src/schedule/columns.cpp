// Closures of lanes: rows of them are measured block by block, each cell's lanes merged, and the rows mapped. Blocks
// are of a fixed number of rows and joined in their order, so threads do not show in the result.

#include "schedule/columns.h"

#include <algorithm>
#include <type_traits>

#include "core/parallel.h"
#include "core/sums.h"
#include "kernels/kernels.h"
#include "kernels/lanes.h"
#include "schedule/elements.h"
#include "schedule/finish.h"
#include "schedule/lanes.h"
#include "schedule/operands.h"

namespace poise {
namespace {

// One value a lane, padded for whole vectors. hi, scale, shift are in the compute type.
struct Scratch {
  double *pivot = nullptr, *s = nullptr, *q = nullptr, *block_s = nullptr, *block_q = nullptr;
  double *m2 = nullptr, *gamma = nullptr, *beta = nullptr;  // of plain merges
  void *hi = nullptr, *scale = nullptr, *shift = nullptr;
  Measured* measured = nullptr;  // one a cell
  CellAffine* affine = nullptr;  // one a cell: merge has results to write and is called once
};

class Columns {
 public:
  Columns(const Job& job, const Plan& plan, Context& context)
      : job_(job),
        plan_(plan),
        kernels_(kernels_for(plan.target)),
        lane_kernels_(lane_kernels_for(plan.target)),
        used_(context.state().threads_used),
        workspace_(context.state().workspace),
        operands_(readable_operands(job, plan, workspace_)),
        elements_(job, operands_),
        merged_(plan.lane_merged.elements()),
        tiles_((plan.lanes + plan.tile - 1) / plan.tile),
        closures_(plan.cells.elements() * tiles_),
        width_((plan.tile * plan.fold + lane_padding - 1) / lane_padding * lane_padding + lane_padding) {
    const auto rows = plan.runs.dims();
    if (!rows.empty()) {
      row_ = rows.back();
      outer_rows_ = rows.first(rows.size() - 1);
    }
    gamma_in_loop_ = plan.gamma_by_row || plan.gamma_by_element;
    lanes_alike_ = true;
    for (const Dim& d : plan.lane_merged.dims()) lanes_alike_ &= gamma_in_loop_ || (d.gamma == 0 && d.beta == 0);
    blocks_a_run_ = (row_.size + plan.block - 1) / plan.block;
    blocks_ = elements(outer_rows_) * blocks_a_run_;
    const bool vectors = lane_kernels_.normalize != nullptr && plan.x_type != DType::f64;
    if (vectors && plan.statistic == Statistic::moments && merged_ == 1 && plan.fold == 1) {
      plain_eps_ = job.merge->plain_eps();
    }
  }

  void run() {
    const bool by_blocks = closures_ < plan_.threads && blocks_ > closures_;
    const int teams = by_blocks ? 1 : plan_.threads;
    auto* scratch = workspace_.take<Scratch>(teams);
    for (int t = 0; t < teams; ++t) scratch[t] = take_scratch();
    if (by_blocks) {
      auto* partial = workspace_.take<double>(blocks_ * 2 * width_);
      for (std::int64_t c = 0; c < closures_; ++c) share(tile_at(plan_, c), scratch[0], partial);
      return;
    }
    used_ = parallel_for(teams, closures_, [&](std::int64_t begin, std::int64_t end, int thread) {
      for (std::int64_t c = begin; c < end; ++c) closure(tile_at(plan_, c), scratch[thread]);
      fence_streams();
    });
  }

 private:
  Scratch take_scratch() {
    Scratch s;
    for (double** array : {&s.pivot, &s.s, &s.q, &s.block_s, &s.block_q}) {
      *array = workspace_.take<double>(width_);
      std::fill_n(*array, width_, 0.0);
    }
    for (double** array : {&s.m2, &s.gamma, &s.beta}) {
      if (plain_eps_ == nullptr) break;
      *array = workspace_.take<double>(width_);
      std::fill_n(*array, width_, 1.0);
    }
    for (void** array : {&s.hi, &s.scale, &s.shift}) *array = workspace_.take<double>(width_);
    s.measured = workspace_.take<Measured>(plan_.tile / merged_);
    std::fill_n(s.measured, plan_.tile / merged_, Measured{});
    s.affine = workspace_.take<CellAffine>(plan_.tile / merged_);
    return s;
  }

  // --- measure ---

  // Calls body(x offset, y offset, first row, rows, lanes) for the pieces of a block: whole folded rows, then what is
  // left of them.
  template <class F>
  void for_each_piece(const Tile& t, std::int64_t block, F&& body) const noexcept {
    const Offsets run = t.base + offsets_at(outer_rows_, block / blocks_a_run_);
    const std::int64_t first = block % blocks_a_run_ * plan_.block;
    const std::int64_t rows = std::min(plan_.block, row_.size - first);
    const Offsets at = run + first * row_;
    const std::int64_t fold = plan_.fold, folded = rows / fold;
    if (folded > 0) body(at, folded, t.lanes * fold);
    if (const std::int64_t left = rows - folded * fold; left > 0) {
      const std::int64_t done = folded * fold;
      body(at + done * row_, 1, left * t.lanes);
    }
  }

  void measure_block(const Tile& t, std::int64_t block, const double* pivot, double* s, double* q) const noexcept {
    const Sums none = nothing(plan_.statistic);
    lane_kernels_.spread(&none.s, 1, width_, s);
    lane_kernels_.spread(&none.q, 1, width_, q);
    const auto& table = plan_.statistic == Statistic::range ? kernels_.range_columns : kernels_.measure_columns;
    for_each_piece(t, block, [&](const Offsets& at, std::int64_t rows, std::int64_t lanes) {
      MeasureColumns m;
      m.x = address(job_.x.data(), plan_.x_type, at.x);
      m.stride = row_.x * plan_.fold;
      m.rows = rows;
      m.lanes = lanes;
      m.pivot = pivot;
      m.s = s;
      m.q = q;
      table[static_cast<int>(plan_.x_type)](m);
    });
  }

  void join_lanes(const double* s, const double* q, double* into_s, double* into_q) const noexcept {
    const std::int64_t lanes = plan_.tile * plan_.fold;
    for (std::int64_t j = 0; j < lanes; ++j) {
      Sums sums{into_s[j], into_q[j]};
      join(plan_.statistic, sums, {s[j], q[j]});
      into_s[j] = sums.s;
      into_q[j] = sums.q;
    }
  }

  void measure(const Tile& t, const Scratch& scratch) const noexcept {
    measure_block(t, 0, scratch.pivot, scratch.s, scratch.q);
    for (std::int64_t b = 1; b < blocks_; ++b) {
      measure_block(t, b, scratch.pivot, scratch.block_s, scratch.block_q);
      join_lanes(scratch.block_s, scratch.block_q, scratch.s, scratch.q);
    }
  }

  // A cell's pivot is its first element.
  void fill_pivots(const Tile& t, const Scratch& scratch) const noexcept {
    if (plan_.statistic != Statistic::moments) return;
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      double first[CellRun::most];
      for (std::int64_t i = 0; i < run.count; ++i) {
        first[i] = element_at(job_.x.data(), plan_.x_type, t.base.x + run.lane + i * merged_);
      }
      set_pivots(t, scratch, run.lane, run.count, first);
    });
  }

  // Of `count` cells from this lane on.
  void set_pivots(const Tile& t, const Scratch& scratch, std::int64_t lane, std::int64_t count,
                  const double* pivots) const noexcept {
    for (std::int64_t f = 0; f < plan_.fold; ++f) {
      lane_kernels_.spread(pivots, count, merged_, scratch.pivot + f * t.lanes + lane);
    }
  }

  // --- merge ---

  Sums cell_range(const Tile& t, const Scratch& scratch, std::int64_t lane) const noexcept {
    Sums sums = nothing(Statistic::range);
    for (std::int64_t f = 0; f < plan_.fold; ++f) {
      const std::int64_t first = f * t.lanes + lane;
      for (std::int64_t j = first; j < first + merged_; ++j) join(Statistic::range, sums, {scratch.s[j], scratch.q[j]});
    }
    return sums;
  }

  // Of a run's cells: the sums of their lanes.
  void cell_sums(const Tile& t, const CellRun& run, const double* lanes, double* to) const noexcept {
    lane_kernels_.sums(lanes + run.lane, run.count, merged_, to);
    for (std::int64_t f = 1; f < plan_.fold; ++f) {
      double more[CellRun::most];
      lane_kernels_.sums(lanes + f * t.lanes + run.lane, run.count, merged_, more);
      for (std::int64_t i = 0; i < run.count; ++i) to[i] += more[i];
    }
  }

  // The cells' statistics, from the lanes' sums; true when a bad pivot made way for the mean and the lanes have to be
  // measured again.
  bool merge_lanes(const Tile& t, const Scratch& scratch) const noexcept {
    bool again = false;
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      if (plan_.statistic == Statistic::range) return merge_ranges(t, scratch, run);
      double s[CellRun::most], q[CellRun::most];
      cell_sums(t, run, scratch.s, s);
      cell_sums(t, run, scratch.q, q);
      if (plan_.statistic == Statistic::moments) {
        again |= merge_moments(t, scratch, run, s, q);
      } else {
        for (std::int64_t i = 0; i < run.count; ++i) scratch.measured[run.cell + i] = measured(s[i], q[i]);
      }
    });
    return again;
  }

  void merge_ranges(const Tile& t, const Scratch& scratch, const CellRun& run) const noexcept {
    for (std::int64_t i = 0; i < run.count; ++i) {
      const Sums sums = cell_range(t, scratch, run.lane + i * merged_);
      scratch.measured[run.cell + i] = measured(sums.s, sums.q);
    }
  }

  // What is measured about no pivot.
  Measured measured(double s, double q) const noexcept {
    return measured_of(plan_.statistic, plan_.cell_elements, 0, {s, q});
  }

  bool merge_moments(const Tile& t, const Scratch& scratch, const CellRun& run, const double* s,
                     const double* q) const noexcept {
    Measured* const measured = scratch.measured + run.cell;
    double pivot[CellRun::most];
    for (std::int64_t i = 0; i < run.count; ++i) pivot[i] = scratch.pivot[run.lane + i * merged_];
    lane_kernels_.moments({pivot, s, q, plan_.cell_elements, run.count, measured});
    bool any_bad = false;
    for (std::int64_t i = 0; i < run.count; ++i) {
      if (!bad_pivot(measured[i], pivot[i], plan_.x_type)) continue;
      set_pivots(t, scratch, run.lane + i * merged_, 1, &measured[i].mean);
      any_bad = true;
    }
    return any_bad;
  }

  // Fills the lanes' coefficients; true when some cell is beyond float32 coefficients.
  bool merge(const Tile& t, const Scratch& scratch) const noexcept {
    bool any_extreme = false;
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      CellAffine* affine = scratch.affine + run.cell;
      job_.merge->merge_many(run.at.cell, run.step.cell, run.count, scratch.measured + run.cell, affine);
      for (std::int64_t i = 0; i < run.count; ++i) any_extreme |= extreme(affine[i], plan_.x_type);
      plan_.x_type == DType::f64 ? fill_lanes<double>(t, scratch, run) : fill_lanes<float>(t, scratch, run);
    });
    return any_extreme;
  }

  // Lanes that share gamma and beta share coefficients.
  template <class T>
  void fill_lanes(const Tile& t, const Scratch& scratch, const CellRun& run) const noexcept {
    constexpr DType type = std::is_same_v<T, double> ? DType::f64 : DType::f32;
    const CellAffine* affine = scratch.affine + run.cell;
    T hi[CellRun::most], scale[CellRun::most], shift[CellRun::most];
    double gamma[CellRun::most], beta[CellRun::most];
    if (gamma_in_loop_) {
      std::fill_n(gamma, run.count, 1.0);
      std::fill_n(beta, run.count, 0.0);
    }
    for (std::int64_t unit = 0; unit < (lanes_alike_ ? 1 : merged_); ++unit) {
      const Offsets at = run.at + offsets_at(plan_.lane_merged.dims(), unit);
      if (!gamma_in_loop_) {
        operands_.gamma.values(at.gamma, run.step.gamma, run.count, gamma);
        operands_.beta.values(at.beta, run.step.beta, run.count, beta);
      }
      for (std::int64_t i = 0; i < run.count; ++i) {
        const Coefficients c = coefficients_of(affine[i], gamma[i], beta[i], type);
        hi[i] = static_cast<T>(c.hi);
        scale[i] = static_cast<T>(c.scale);
        shift[i] = static_cast<T>(c.shift);
      }
      lay_out(t, run, unit, hi, static_cast<T*>(scratch.hi));
      lay_out(t, run, unit, scale, static_cast<T*>(scratch.scale));
      lay_out(t, run, unit, shift, static_cast<T*>(scratch.shift));
    }
  }

  // One value a cell of the run, for its lane `unit` or for all of them.
  template <class T>
  void lay_out(const Tile& t, const CellRun& run, std::int64_t unit, const T* values, T* to) const noexcept {
    for (std::int64_t f = 0; f < plan_.fold; ++f) {
      T* at = to + f * t.lanes + run.lane + unit;
      if (lanes_alike_) {
        lane_kernels_.spread(values, run.count, merged_, at);
      } else {
        for (std::int64_t i = 0; i < run.count; ++i) at[i * merged_] = values[i];
      }
    }
  }

  // Both for plain merges of cells that are lanes, by vectors; false where some cell needs more than that.
  bool merge_plainly(const Tile& t, const Scratch& scratch) const noexcept {
    PlainLanes l{scratch.pivot, scratch.s, scratch.q, plan_.cell_elements, t.lanes, *plain_eps_};
    l.mean = scratch.block_s;
    l.m2 = scratch.m2;
    l.rstd = scratch.block_q;
    l.hi = static_cast<float*>(scratch.hi);
    l.scale = static_cast<float*>(scratch.scale);
    l.shift = static_cast<float*>(scratch.shift);
    if (!gamma_in_loop_) {
      for_each_cell_run(plan_, t, [&](const CellRun& run) {
        operands_.gamma.values(run.at.gamma, run.step.gamma, run.count, scratch.gamma + run.cell);
        operands_.beta.values(run.at.beta, run.step.beta, run.count, scratch.beta + run.cell);
      });
      l.gamma = scratch.gamma;
      l.beta = scratch.beta;
    }
    if (!lane_kernels_.normalize(l)) return false;
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      job_.merge->keep_many(run.at.cell, run.step.cell,
                            {run.count, plan_.cell_elements, l.mean + run.cell, l.m2 + run.cell, l.rstd + run.cell});
    });
    return true;
  }

  // The lanes' coefficients from their sums; true when some cell is beyond float32 coefficients.
  template <class Measure>
  bool measure_and_merge(const Tile& t, const Scratch& scratch, Measure&& measure) const noexcept {
    if (plan_.statistic == Statistic::none) return merge(t, scratch);
    fill_pivots(t, scratch);
    measure();
    if (plain_eps_ != nullptr && merge_plainly(t, scratch)) return false;
    if (merge_lanes(t, scratch)) {
      measure();
      merge_lanes(t, scratch);
    }
    if (job_.coupling != nullptr) couple(t, scratch);
    return merge(t, scratch);
  }
  void couple(const Tile& t, const Scratch& scratch) const noexcept {
    for_each_cell_run(plan_, t, [&](const CellRun& run) {
      for (std::int64_t i = 0; i < run.count; ++i) {
        job_.coupling->keep(run.at.cell + i * run.step.cell, scratch.measured[run.cell + i]);
      }
    });
    job_.coupling->couple(t.base.cell);
  }

  // --- map ---

  // The loop over rows of lanes from `first` on.
  MapColumns columns_at(const Tile& t, const Scratch& scratch, const Offsets& at, std::int64_t first) const noexcept {
    const auto skipped =
        static_cast<std::size_t>(first) * (plan_.x_type == DType::f64 ? sizeof(double) : sizeof(float));
    const auto from = [&](const void* values) {
      return static_cast<const void*>(static_cast<const char*>(values) + skipped);
    };
    MapColumns m;
    m.x = address(job_.x.data(), plan_.x_type, at.x + first);
    m.y = address(job_.y.data(), plan_.y_type, at.y + first);
    m.hi = from(scratch.hi);
    m.scale = from(scratch.scale);
    m.shift = from(scratch.shift);
    if (gamma_in_loop_) set_gamma(t.first + first, at, m);
    return m;
  }

  // at: where the epilogue's operands for the first lane of the first row lie; row: from row to row.
  void map(const MapColumns& m, const Offsets& at, const Offsets& row) const noexcept {
    if (job_.epilogue.present()) return finish_rows(m, at, row);
    kernels_.map_columns[static_cast<int>(plan_.x_type)][static_cast<int>(plan_.y_type)](m);
  }

  // A stretch of a row at a time is mapped in the compute type, while it is in L1 finished and stored. The buffer is
  // the caller's own: threads may share the tile.
  void finish_rows(const MapColumns& all, const Offsets& first, const Offsets& row) const noexcept {
    constexpr std::int64_t stretch = 1024;
    alignas(64) double wide[stretch];
    const DType compute = plan_.x_type == DType::f64 ? DType::f64 : DType::f32;
    for (std::int64_t r = 0; r < all.rows; ++r) {
      for (std::int64_t j = 0; j < all.lanes; j += stretch) {
        MapColumns m = all;
        m.rows = 1;
        m.lanes = std::min(stretch, all.lanes - j);
        m.x = address(all.x, plan_.x_type, r * all.x_stride + j);
        m.y = wide;
        m.hi = address(all.hi, compute, j);
        m.scale = address(all.scale, compute, j);
        m.shift = address(all.shift, compute, j);
        if (all.gamma != nullptr) m.gamma = address(all.gamma, compute, r * all.gamma_stride + j * all.gamma_step);
        if (all.beta != nullptr) m.beta = address(all.beta, compute, r * all.beta_stride + j * all.beta_step);
        kernels_.map_columns[static_cast<int>(plan_.x_type)][static_cast<int>(compute)](m);
        const Offsets at = first + Offsets{.dy = r * row.dy + j, .z = r * row.z + j};
        finish(job_, plan_, wide, at, address(all.y, plan_.y_type, r * all.y_stride + j), m.lanes);
      }
    }
  }

  void map_block(const Tile& t, const Scratch& scratch, std::int64_t block) const noexcept {
    for_each_piece(t, block, [&](const Offsets& at, std::int64_t rows, std::int64_t lanes) {
      MapColumns m = columns_at(t, scratch, at, 0);
      m.x_stride = row_.x * plan_.fold;
      m.y_stride = row_.y * plan_.fold;
      m.rows = rows;
      m.lanes = lanes;
      m.streaming = plan_.streaming;
      map(m, at, plan_.fold * row_);
    });
  }

  void set_gamma(std::int64_t lane, const Offsets& at, MapColumns& m) const noexcept {
    m.mode = plan_.gamma_by_row ? ColumnGamma::row : ColumnGamma::element;
    const std::int64_t along = plan_.gamma_by_element ? lane : 0;
    m.gamma = operands_.gamma.at(at.gamma + along);
    m.beta = operands_.beta.at(at.beta + along);
    m.gamma_stride = operands_.gamma.step * row_.gamma;
    m.beta_stride = operands_.beta.step * row_.beta;
    m.gamma_step = plan_.gamma_by_element ? operands_.gamma.step : 0;
    m.beta_step = plan_.gamma_by_element ? operands_.beta.step : 0;
  }

  void map_lanes(const Tile& t, const Scratch& scratch, std::int64_t first, std::int64_t last) const noexcept {
    for (std::int64_t o = 0; first < last && o < elements(outer_rows_); ++o) {
      const Offsets at = t.base + offsets_at(outer_rows_, o);
      MapColumns m = columns_at(t, scratch, at, first);
      m.x_stride = row_.x;
      m.y_stride = row_.y;
      m.rows = row_.size;
      m.lanes = last - first;
      map(m, at + Offsets{.dy = first, .z = first}, row_);
    }
  }

  // The cells beyond float32 coefficients exactly; the others as ever, so that such a neighbour changes no bit of them.
  void map_apart(const Tile& t, const Scratch& scratch) const noexcept {
    const Partition dims = joined(plan_.runs, plan_.lane_merged);
    std::int64_t first = 0;
    for (std::int64_t lane = 0; lane < t.lanes; lane += merged_) {
      const CellAffine& affine = scratch.affine[lane / merged_];
      if (!extreme(affine, plan_.x_type)) continue;
      map_lanes(t, scratch, first, lane);
      first = lane + merged_;
      const Offsets at = lane_offsets(plan_, t, lane);
      elements_.map(at, dims, affine);
    }
    map_lanes(t, scratch, first, t.lanes);
  }

  // --- a closure on one thread, or shared by all ---

  void closure(const Tile& t, const Scratch& scratch) const noexcept {
    const bool any_extreme = measure_and_merge(t, scratch, [&] { measure(t, scratch); });
    if (!job_.maps) return;
    if (any_extreme) return map_apart(t, scratch);
    // Backwards: what was measured last is still in the cache.
    for (std::int64_t b = blocks_; b-- > 0;) map_block(t, scratch, b);
  }

  void measure_shared(const Tile& t, const Scratch& scratch, double* partial) const noexcept {
    used_ = parallel_for(plan_.threads, blocks_, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) {
        measure_block(t, b, scratch.pivot, partial + b * 2 * width_, partial + (b * 2 + 1) * width_);
      }
    });
    std::copy_n(partial, width_, scratch.s);
    std::copy_n(partial + width_, width_, scratch.q);
    for (std::int64_t b = 1; b < blocks_; ++b) {
      join_lanes(partial + b * 2 * width_, partial + (b * 2 + 1) * width_, scratch.s, scratch.q);
    }
  }

  void share(const Tile& t, const Scratch& scratch, double* partial) const noexcept {
    const bool any_extreme = measure_and_merge(t, scratch, [&] { measure_shared(t, scratch, partial); });
    if (!job_.maps) return;
    if (any_extreme) return map_apart(t, scratch);
    used_ = parallel_for(plan_.threads, blocks_, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = end; b-- > begin;) map_block(t, scratch, b);
      fence_streams();
    });
  }

  const Job& job_;
  const Plan& plan_;
  const Kernels& kernels_;
  const LaneKernels& lane_kernels_;
  int& used_;
  Workspace& workspace_;
  Operands operands_;
  Elements elements_;
  std::int64_t merged_, tiles_, closures_, width_;
  Dim row_;
  std::span<const Dim> outer_rows_;
  std::int64_t blocks_a_run_ = 1, blocks_ = 1;
  const double* plain_eps_ = nullptr;
  bool gamma_in_loop_ = false;
  bool lanes_alike_ = true;  // the lanes of a cell share gamma and beta
};

}  // namespace

bool couples_columns(const Job& job, const Plan& plan) noexcept {
  const auto lanes = plan.lane_cells.dims();
  return plan.tile == plan.lanes && lanes.size() == 1 && lanes.back().cell == 1 &&
         lanes.back().size == job.coupling->cells;
}

void run_columns(const Job& job, const Plan& plan, Context& context) { Columns(job, plan, context).run(); }

}  // namespace poise
