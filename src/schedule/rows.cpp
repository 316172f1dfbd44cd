// Closures of contiguous runs: measure, merge, map, several streams at a time, one closure mapped while the next is
// measured. Sums are joined run by run in their order, so neither streams nor threads show in the result.

#include "schedule/rows.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/sums.h"
#include "kernels/kernels.h"
#include "kernels/lanes.h"
#include "schedule/elements.h"
#include "schedule/finish.h"
#include "schedule/operands.h"
#include "schedule/row_pieces.h"
#include "schedule/whole_rows.h"

namespace poise {
namespace {

// Up to four cells that are handled together, with what becomes of them.
struct Closure {
  int count = 0;
  Offsets base[max_streams];
  double pivot[max_streams] = {};
  Measured measured[max_streams];
  CellAffine affine[max_streams];
  bool any_extreme = false;
  Coefficients* coefficients = nullptr;  // [cell][unit]
};

class Rows {
 public:
  Rows(const Job& job, const Plan& plan, Context& context)
      : job_(job),
        plan_(plan),
        kernels_(kernels_for(plan.target)),
        lane_kernels_(lane_kernels_for(plan.target)),
        used_(context.state().threads_used),
        operands_(readable_operands(job, plan, context.state().workspace)),
        elements_(job, operands_),
        piece_(plan),
        units_(piece_.units()),
        pieces_(piece_.count()),
        in_order_(pieces_ == 1 && in_order(plan)) {
    Workspace& workspace = context.state().workspace;
    sums_ = workspace.take<Sums>(plan.threads * max_streams * pieces_);
    coefficients_ = workspace.take<Coefficients>(plan.threads * 2 * max_streams * units_);
  }

  void run() const {
    const std::int64_t cells = plan_.cells.elements();
    if (job_.coupling != nullptr) {
      used_ = parallel_for(plan_.threads, cells / job_.coupling->cells,
                           [this](std::int64_t begin, std::int64_t end, int thread) { samples(begin, end, thread); });
    } else if (cells < plan_.threads && pieces_ > 1) {
      for (std::int64_t cell = 0; cell < cells; ++cell) share(cell);
    } else {
      used_ = parallel_for(plan_.threads, cells,
                           [this](std::int64_t begin, std::int64_t end, int thread) { pipeline(begin, end, thread); });
    }
  }

 private:
  // --- closures of one thread, each mapped while the next is measured ---

  void pipeline(std::int64_t begin, std::int64_t end, int thread) const noexcept {
    const std::int64_t closures = closures_of(end - begin);
    Closure closure[2];
    for (int i = 0; i < 2; ++i) closure[i].coefficients = coefficients_ + (thread * 2 + i) * max_streams * units_;
    Sums* sums = sums_ + thread * max_streams * pieces_;
    open(closure[0], begin, end, 0);
    measure(closure[0], sums);
    merge(closure[0], sums);
    for (std::int64_t i = 0; i < closures; ++i) {
      const Closure& now = closure[i % 2];
      Closure& next = closure[(i + 1) % 2];
      if (i + 1 == closures) {
        if (job_.maps) map(now);
        return fence_streams();
      }
      open(next, begin, end, i + 1);
      map_and_measure(now, next, sums);
      merge(next, sums);
    }
  }

  // Coupled cells, of samples: a sample's are mapped while the next one's are measured.
  void samples(std::int64_t begin, std::int64_t end, int thread) const noexcept {
    const std::int64_t cells = job_.coupling->cells, closures = closures_of(cells);
    Closure now, next;
    now.coefficients = coefficients_ + thread * 2 * max_streams * units_;
    Sums* sums = sums_ + thread * max_streams * pieces_;
    for (std::int64_t sample = begin; sample <= end; ++sample) {
      for (std::int64_t i = 0; i < closures; ++i) {
        if (sample > begin) {
          open(now, (sample - 1) * cells, sample * cells, i);
          coefficients(now);
        }
        if (sample < end) open(next, sample * cells, (sample + 1) * cells, i);
        if (sample == begin) {
          measure(next, sums);
        } else if (sample == end) {
          map(now);
        } else {
          map_and_measure(now, next, sums);
        }
        if (sample < end) keep_measured(next, sums);
      }
      if (sample < end) job_.coupling->couple(sample * cells);
    }
    fence_streams();
  }

  std::int64_t closures_of(std::int64_t cells) const noexcept { return (cells + plan_.together - 1) / plan_.together; }
  // The i-th closure of these cells.
  void open(Closure& c, std::int64_t begin, std::int64_t end, std::int64_t i) const noexcept {
    const std::int64_t together = plan_.together;
    c.count = static_cast<int>(std::min(together, end - begin - i * together));
    for (int k = 0; k < c.count; ++k) start(c, k, far_cell(begin, end, in_order_ ? 1 : together, i * together + k));
  }
  void map_and_measure(const Closure& now, const Closure& next, Sums* sums) const noexcept {
    if (plan_.fused && now.count == next.count && !now.any_extreme) return fused(now, next, sums);
    if (job_.maps) map(now);
    measure(next, sums);
  }

  void start(Closure& c, int k, std::int64_t cell) const noexcept {
    c.base[k] = offsets_at(plan_.cells.dims(), cell);
    c.pivot[k] = elements_.pivot(c.base[k]);
  }

  // --- one closure's streams: the same piece of several cells, or far pieces of one cell ---

  std::int64_t load_measure(const Closure& c, int streams, const int* cell, const std::int64_t* index,
                            MeasureStreams& m) const noexcept {
    m.count = streams;
    return piece_.for_each_stream(c.base, streams, cell, index, [&](int k, const Offsets& at, std::int64_t) {
      m.x[k] = address(job_.x.data(), plan_.x_type, at.x);
      m.pivot[k] = c.pivot[cell[k]];
    });
  }

  std::int64_t load_map(const Closure& c, int streams, const int* cell, const std::int64_t* index,
                        MapStreams& m) const noexcept {
    m.count = streams;
    m.per_element = plan_.per_element;
    m.streaming = plan_.streaming;
    m.gamma_step = operands_.gamma.step;
    m.beta_step = operands_.beta.step;
    return piece_.for_each_stream(c.base, streams, cell, index, [&](int k, const Offsets& at, std::int64_t unit) {
      const Coefficients& co = c.coefficients[cell[k] * units_ + unit];
      m.x[k] = address(job_.x.data(), plan_.x_type, at.x);
      m.y[k] = address(job_.y.data(), plan_.y_type, at.y);
      m.gamma[k] = operands_.gamma.at(at.gamma);
      m.beta[k] = operands_.beta.at(at.beta);
      m.hi[k] = co.hi;
      m.scale[k] = co.scale;
      m.shift[k] = co.shift;
    });
  }

  void keep(const MeasureStreams& m, const int* cell, const std::int64_t* index, Sums* sums) const noexcept {
    for (int k = 0; k < m.count; ++k) sums[cell[k] * pieces_ + index[k]] = {m.s[k], m.q[k]};
  }

  void measure_streams(const Closure& c, int streams, const int* cell, const std::int64_t* index,
                       Sums* sums) const noexcept {
    const auto& table = plan_.statistic == Statistic::range ? kernels_.range_rows : kernels_.measure_rows;
    MeasureStreams m;
    const std::int64_t length = load_measure(c, streams, cell, index, m);
    if (length >= 0) {
      table[static_cast<int>(plan_.x_type)](m, length);
      return keep(m, cell, index, sums);
    }
    for (int k = 0; k < streams; ++k) measure_streams(c, 1, cell + k, index + k, sums);
  }

  // A stretch at a time is mapped in the compute type, while it is in L1 finished and stored.
  void finish_streams(const MapStreams& all, std::int64_t length, const Closure& c, const int* cell,
                      const std::int64_t* index) const noexcept {
    constexpr std::int64_t stretch = 1024;
    alignas(64) double wide[stretch];
    const DType compute = plan_.x_type == DType::f64 ? DType::f64 : DType::f32;
    for (int k = 0; k < all.count; ++k) {
      for (std::int64_t i = 0; i < length; i += stretch) {
        MapStreams m = one_stream(all, k);
        m.x[0] = address(m.x[0], plan_.x_type, i);
        m.gamma[0] = address(m.gamma[0], compute, all.per_element ? i * all.gamma_step : 0);
        m.beta[0] = address(m.beta[0], compute, all.per_element ? i * all.beta_step : 0);
        m.y[0] = wide;
        const std::int64_t part = std::min(stretch, length - i);
        kernels_.map_rows[static_cast<int>(plan_.x_type)][static_cast<int>(compute)](m, part);
        const Offsets at = c.base[cell[k]] + piece_[index[k]].at + Offsets{.dy = i, .z = i};
        finish(job_, plan_, wide, at, address(all.y[k], plan_.y_type, i), part);
      }
    }
  }

  void map_streams(const Closure& c, int streams, const int* cell, const std::int64_t* index) const noexcept {
    MapStreams m;
    const std::int64_t length = load_map(c, streams, cell, index, m);
    if (length >= 0 && job_.epilogue.present()) return finish_streams(m, length, c, cell, index);
    if (length >= 0)
      return kernels_.map_rows[static_cast<int>(plan_.x_type)][static_cast<int>(plan_.y_type)](m, length);
    for (int k = 0; k < streams; ++k) map_streams(c, 1, cell + k, index + k);
  }

  // --- the three steps of a closure ---

  void measure(const Closure& c, Sums* sums) const noexcept {
    if (plan_.statistic == Statistic::none) return;
    piece_.for_each_streams(c.count, 0, pieces_, [&](int streams, const int* cell, const std::int64_t* index) {
      measure_streams(c, streams, cell, index, sums);
    });
  }

  void map(const Closure& c) const noexcept {
    if (!c.any_extreme) {
      return piece_.for_each_streams(c.count, 0, pieces_, [&](int streams, const int* cell, const std::int64_t* index) {
        map_streams(c, streams, cell, index);
      });
    }
    for (int k = 0; k < c.count; ++k) {
      if (extreme(c.affine[k], plan_.x_type)) {
        map_exactly(c, k);
      } else {
        for (std::int64_t p = 0; p < pieces_; ++p) map_streams(c, 1, &k, &p);
      }
    }
  }

  void fused(const Closure& now, const Closure& next, Sums* sums) const noexcept {
    piece_.for_each_streams(now.count, 0, pieces_, [&](int streams, const int* cell, const std::int64_t* index) {
      MapStreams to_map;
      MeasureStreams to_measure;
      const std::int64_t length = load_map(now, streams, cell, index, to_map);
      if (length < 0) {
        map_streams(now, streams, cell, index);
        measure_streams(next, streams, cell, index, sums);
      } else {
        load_measure(next, streams, cell, index, to_measure);
        kernels_.fused_rows[static_cast<int>(plan_.x_type)](to_map, to_measure, length);
        keep(to_measure, cell, index, sums);
      }
    });
  }

  // Step by step for all cells of the closure, so that their divisions and roots need not wait for each other.
  void merge(Closure& c, Sums* sums) const noexcept {
    if (plan_.statistic == Statistic::moments) {
      moments(c, sums);
    } else if (plan_.statistic != Statistic::none) {
      for (int k = 0; k < c.count; ++k) c.measured[k] = measured(sums + k * pieces_);
    }
    coefficients(c);
  }
  // What is measured about no pivot.
  Measured measured(const Sums* sums) const noexcept {
    return measured_of(plan_.statistic, plan_.cell_elements, 0, total(sums));
  }
  void keep_measured(const Closure& c, const Sums* sums) const noexcept {
    for (int k = 0; k < c.count; ++k) job_.coupling->keep(c.base[k].cell, measured(sums + k * pieces_));
  }
  void coefficients(Closure& c) const noexcept {
    std::int64_t cell[max_streams] = {};
    for (int k = 0; k < c.count; ++k) cell[k] = c.base[k].cell;
    merge_cells(*job_.merge, cell, c.count, c.measured, c.affine);
    c.any_extreme = false;
    for (int k = 0; k < c.count; ++k) {
      c.any_extreme |= extreme(c.affine[k], plan_.x_type);
      for (std::int64_t u = 0; u < units_; ++u) {
        c.coefficients[k * units_ + u] = coefficients(c.affine[k], c.base[k] + offsets_at(plan_.units.dims(), u));
      }
    }
  }

  Coefficients coefficients(const CellAffine& affine, const Offsets& at) const noexcept {
    const double gamma = plan_.per_element ? 1 : operands_.gamma.value(at.gamma);
    const double beta = plan_.per_element ? 0 : operands_.beta.value(at.beta);
    return coefficients_of(affine, gamma, beta, plan_.x_type);
  }

  void moments(Closure& c, Sums* sums) const noexcept {
    double s[max_streams], q[max_streams];
    for (int k = 0; k < c.count; ++k) {
      const Sums all = total(sums + k * pieces_);
      s[k] = all.s;
      q[k] = all.q;
    }
    lane_kernels_.moments({c.pivot, s, q, plan_.cell_elements, c.count, c.measured});
    for (int k = 0; k < c.count; ++k) {
      if (bad_pivot(c.measured[k], c.pivot[k], plan_.x_type, summed_in_blocks(plan_.x_type))) measure_again(c, k, sums);
    }
  }

  void measure_again(Closure& c, int k, Sums* sums) const noexcept {
    c.pivot[k] = c.measured[k].mean;
    for (std::int64_t p = 0; p < pieces_; ++p) measure_streams(c, 1, &k, &p, sums);
    c.measured[k] = measured_of(plan_.statistic, plan_.cell_elements, c.pivot[k], total(sums + k * pieces_));
  }

  Sums total(const Sums* sums) const noexcept {
    if (pieces_ == 1) return *sums;
    Sums all = nothing(plan_.statistic);
    for (std::int64_t p = 0; p < pieces_; ++p) join(plan_.statistic, all, sums[p]);
    return all;
  }

  void map_exactly(const Closure& c, int k) const noexcept {
    Partition cell = joined(plan_.units, plan_.runs);
    cell.add(inner_dim(plan_));
    elements_.map(c.base[k], cell, c.affine[k]);
  }

  // --- one cell shared by all threads: few cells, many pieces ---

  void share(std::int64_t cell) const noexcept {
    Closure c;
    c.count = 1;
    c.coefficients = coefficients_;
    start(c, 0, cell);
    if (plan_.statistic != Statistic::none) {
      used_ = parallel_for(plan_.threads, pieces_, [&](std::int64_t begin, std::int64_t end, int) {
        piece_.for_each_streams(1, begin, end, [&](int streams, const int* k, const std::int64_t* index) {
          measure_streams(c, streams, k, index, sums_);
        });
      });
    }
    merge(c, sums_);
    if (!job_.maps) return;
    if (c.any_extreme) return map_exactly(c, 0);
    used_ = parallel_for(plan_.threads, pieces_, [&](std::int64_t begin, std::int64_t end, int) {
      piece_.for_each_streams(1, begin, end, [&](int streams, const int* k, const std::int64_t* index) {
        map_streams(c, streams, k, index);
      });
      fence_streams();
    });
  }

  const Job& job_;
  const Plan& plan_;
  const Kernels& kernels_;
  const LaneKernels& lane_kernels_;
  int& used_;
  Operands operands_;
  Elements elements_;
  RowPieces piece_;
  std::int64_t units_, pieces_;
  bool in_order_;
  Sums* sums_ = nullptr;
  Coefficients* coefficients_ = nullptr;
};

}  // namespace

bool couples_rows(const Job& job, const Plan& plan) noexcept {
  if (plan.cells.empty() || plan.statistic != Statistic::power) return false;
  const Dim& neighbours = plan.cells.inner();
  const std::int64_t samples = plan.cells.elements() / job.coupling->cells;
  const bool balanced = samples % plan.threads == 0 || samples >= 4 * plan.threads;
  return neighbours.cell == 1 && neighbours.size == job.coupling->cells && samples > 1 && balanced;
}

void run_rows(const Job& job, const Plan& plan, Context& context) {
  if (job.coupling == nullptr && whole_rows(plan)) return run_whole_rows(job, plan, context);
  Rows(job, plan, context).run();
}

}  // namespace poise
