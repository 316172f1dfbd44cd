// Cells of one run, as layer norm's rows are. Of a row of a few kilobytes a quarter of the time would go into what is
// done once a cell: here a closure is nothing but what the kernels take, set once and read by them in place.

#include "schedule/whole_rows.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/sums.h"
#include "kernels/kernels.h"
#include "kernels/lanes.h"
#include "schedule/elements.h"
#include "schedule/operands.h"
#include "schedule/row_pieces.h"

namespace poise {
namespace {

// Up to four cells that are handled together.
struct Closure {
  bool any_extreme = false;
  std::int64_t index[max_streams], cell[max_streams];
  double gamma[max_streams], beta[max_streams];  // 1 and 0 where they run along the cell
  MeasureStreams measure;
  MapStreams map;
  Measured measured[max_streams];
  CellAffine affine[max_streams];
};

class WholeRows {
 public:
  WholeRows(const Job& job, const Plan& plan, Context& context)
      : job_(job),
        plan_(plan),
        lane_kernels_(lane_kernels_for(plan.target)),
        operands_(readable_operands(job, plan, context.state().workspace)),
        elements_(job, operands_),
        cells_(plan.cells.dims()),
        apart_(in_order(plan) ? 1 : plan.together) {
    const Kernels& kernels = kernels_for(plan.target);
    const int x = static_cast<int>(plan.x_type);
    measure_ = kernels.measure_rows[x];
    map_ = kernels.map_rows[x][x];
    fused_ = kernels.fused_rows[x];
  }

  int run() const {
    return parallel_for(plan_.threads, plan_.cells.elements(),
                        [this](std::int64_t begin, std::int64_t end, int) { pipeline(begin, end); });
  }

 private:
  void pipeline(std::int64_t begin, std::int64_t end) const noexcept {
    Closure closure[2];
    for (Closure& c : closure) prepare(c);
    std::int64_t done = open(closure[0], begin, end, 0);
    measure_(closure[0].measure, plan_.length);
    merge(closure[0]);
    int i = 0;
    for (; done < end - begin; i = 1 - i) {
      const Closure& now = closure[i];
      Closure& next = closure[1 - i];
      done = open(next, begin, end, done);
      if (now.map.count == next.map.count && !now.any_extreme) {
        fused_(now.map, next.measure, plan_.length);
      } else {
        map(now);
        measure_(next.measure, plan_.length);
      }
      merge(next);
    }
    map(closure[i]);
    fence_streams();
  }

  void prepare(Closure& c) const noexcept {
    c.map.gamma_step = operands_.gamma.step;
    c.map.beta_step = operands_.beta.step;
    c.map.per_element = plan_.per_element;
    c.map.streaming = plan_.streaming;
  }

  // The cells from `done` on; how many are done after them.
  std::int64_t open(Closure& c, std::int64_t begin, std::int64_t end, std::int64_t done) const noexcept {
    const int count = static_cast<int>(std::min<std::int64_t>(plan_.together, end - begin - done));
    const FarCells cells = far_cells(begin, end, apart_, done);
    c.measure.count = c.map.count = count;
    for (int k = 0; k < count; ++k) {
      c.index[k] = cells.first + k * cells.step;
      const Offsets at = offsets_at(cells_, c.index[k]);
      c.cell[k] = at.cell;
      c.measure.x[k] = c.map.x[k] = address(job_.x.data(), plan_.x_type, at.x);
      c.measure.pivot[k] = elements_.pivot(at);
      c.map.y[k] = address(job_.y.data(), plan_.x_type, at.y);
      c.map.gamma[k] = operands_.gamma.at(at.gamma);
      c.map.beta[k] = operands_.beta.at(at.beta);
      c.gamma[k] = plan_.per_element ? 1 : operands_.gamma.value(at.gamma);
      c.beta[k] = plan_.per_element ? 0 : operands_.beta.value(at.beta);
    }
    return done + count;
  }

  // Step by step for all cells, so that their divisions and roots need not wait for each other.
  void merge(Closure& c) const noexcept {
    const int count = c.map.count;
    if (plan_.statistic == Statistic::moments) {
      const MeasureStreams& m = c.measure;
      lane_kernels_.moments({m.pivot, m.s, m.q, plan_.length, count, c.measured});
      for (int k = 0; k < count; ++k)
        if (bad_pivot(c.measured[k], m.pivot[k], plan_.x_type, summed_in_blocks(plan_.x_type))) measure_again(c, k);
    } else {
      for (int k = 0; k < count; ++k)
        c.measured[k] = measured_of(plan_.statistic, plan_.length, 0, {c.measure.s[k], c.measure.q[k]});
    }
    merge_cells(*job_.merge, c.cell, count, c.measured, c.affine);
    c.any_extreme = false;
    for (int k = 0; k < count; ++k) {
      c.any_extreme |= extreme(c.affine[k], plan_.x_type);
      const Coefficients co = coefficients_of(c.affine[k], c.gamma[k], c.beta[k], plan_.x_type);
      c.map.hi[k] = co.hi;
      c.map.scale[k] = co.scale;
      c.map.shift[k] = co.shift;
    }
  }

  void measure_again(Closure& c, int k) const noexcept {
    MeasureStreams m;
    m.count = 1;
    m.x[0] = c.measure.x[k];
    m.pivot[0] = c.measured[k].mean;
    measure_(m, plan_.length);
    c.measured[k] = measured_of(plan_.statistic, plan_.length, m.pivot[0], {m.s[0], m.q[0]});
  }

  void map(const Closure& c) const noexcept {
    if (!c.any_extreme) return map_(c.map, plan_.length);
    Partition run;
    run.add(inner_dim(plan_));
    for (int k = 0; k < c.map.count; ++k) {
      if (extreme(c.affine[k], plan_.x_type)) {
        elements_.map(offsets_at(cells_, c.index[k]), run, c.affine[k]);
      } else {
        map_(one_stream(c.map, k), plan_.length);
      }
    }
  }

  const Job& job_;
  const Plan& plan_;
  const LaneKernels& lane_kernels_;
  Operands operands_;
  Elements elements_;
  std::span<const Dim> cells_;
  std::int64_t apart_;
  MeasureRowsFn measure_;
  MapRowsFn map_;
  FusedRowsFn fused_;
};

}  // namespace

bool whole_rows(const Plan& plan) noexcept {
  return plan.fused && plan.length == plan.cell_elements && plan.length <= segment;
}

void run_whole_rows(const Job& job, const Plan& plan, Context& context) {
  context.state().threads_used = WholeRows(job, plan, context).run();
}

}  // namespace poise
