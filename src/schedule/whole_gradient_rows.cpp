// The backward pass over cells of one run, as layer norm's rows are; as in whole_rows.cpp a closure is nothing but what
// the kernels take.

#include "schedule/whole_gradient_rows.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/gradient.h"
#include "schedule/elements.h"
#include "schedule/gradient.h"
#include "schedule/row_pieces.h"

namespace poise {
namespace {

// Up to four cells that are handled together.
struct Closure {
  bool any_extreme = false, extreme[max_streams];
  std::int64_t index[max_streams], cell[max_streams];
  double gamma[max_streams];  // 1 where it runs along the cell
  GradientStreams streams;
  CellAffine affine[max_streams];
  CellGradient gradient[max_streams];
};

class WholeGradientRows {
 public:
  WholeGradientRows(const Job& job, const Plan& plan, Context& context)
      : job_(job),
        plan_(plan),
        operands_(readable_operands(job, plan, context.state().workspace)),
        cells_(plan.cells.dims()),
        count_(plan.cells.elements()),
        chunks_(parameter_chunks(plan, count_)),
        parameters_(job, plan, chunks_, context.state().workspace) {
    const GradientKernels& kernels = gradient_kernels_for(plan.target);
    const int x = static_cast<int>(plan.x_type);
    if (job.statistic != Statistic::none || plan.param.present) measure_ = kernels.measure_rows[x];
    if (job.maps) map_ = kernels.map_rows[x];
  }

  int run() const {
    const bool by_chunks = parameters_.wanted();
    const int used =
        parallel_for(plan_.threads, by_chunks ? chunks_ : count_, [&](std::int64_t begin, std::int64_t end, int) {
          if (!by_chunks) return pipeline(begin, end, 0);
          for (std::int64_t c = begin; c < end; ++c) pipeline(chunk_begin(c), chunk_begin(c + 1), c);
        });
    parameters_.finish();
    return used;
  }

 private:
  std::int64_t chunk_begin(std::int64_t chunk) const noexcept {
    return poise::chunk_begin(count_, chunks_, plan_.together, chunk);
  }

  // The order of the cells is that of gamma's gradient, too: a chunk's, by the shape alone.
  void pipeline(std::int64_t begin, std::int64_t end, std::int64_t chunk) const noexcept {
    Closure c;
    c.streams.gamma_step = operands_.gamma.step;
    c.streams.per_element = plan_.per_element;
    c.streams.streaming = plan_.streaming;
    for (std::int64_t done = 0; done < end - begin; done += c.streams.count) {
      c.streams.count = done + plan_.together <= end - begin ? plan_.together : 1;
      const FarCells cells = far_cells(begin, end, plan_.together, done);
      for (int k = 0; k < c.streams.count; ++k) open(c, k, cells.first + k * cells.step, chunk);
      if (measure_ != nullptr) measure_(c.streams, plan_.length);
      merge(c);
      if (map_ != nullptr) map(c);
    }
    fence_streams();
  }

  void open(Closure& c, int k, std::int64_t index, std::int64_t chunk) const noexcept {
    const Offsets at = offsets_at(cells_, index);
    GradientStreams& g = c.streams;
    c.index[k] = index;
    c.cell[k] = at.cell;
    c.affine[k] = job_.derivative->saved(at.cell);
    c.gamma[k] = plan_.per_element ? 1 : operands_.gamma.value(at.gamma);
    g.x[k] = address(job_.x.data(), plan_.x_type, at.x);
    g.dy[k] = address(job_.dy.data(), plan_.x_type, at.dy);
    g.dx[k] = job_.maps ? address(job_.y.data(), plan_.x_type, at.y) : nullptr;
    g.gamma[k] = operands_.gamma.at(at.gamma);
    g.center[k] = c.affine[k].center;
    g.rstd[k] = c.affine[k].scale;
    g.dgamma[k] = parameters_.wanted() ? parameters_.dgamma(chunk) + at.param : nullptr;
    g.dbeta[k] = parameters_.wanted() ? parameters_.dbeta(chunk) + at.param : nullptr;
  }

  void merge(Closure& c) const noexcept {
    GradientStreams& g = c.streams;
    c.any_extreme = false;
    for (int k = 0; k < g.count; ++k) {
      GradientSums sums;
      if (measure_ != nullptr) sums = {0, c.gamma[k] * g.s[k], c.gamma[k] * g.q[k]};
      sums.count = plan_.length;
      c.gradient[k] = (*job_.derivative)(c.cell[k], sums);
      const GradientCoefficients co = gradient_coefficients(c.affine[k], c.gradient[k], c.gamma[k], plan_.x_type);
      g.hi[k] = co.hi;
      g.scale[k] = co.scale;
      g.a[k] = co.a;
      g.b[k] = co.b;
      c.extreme[k] = extreme(co, plan_.x_type);
      c.any_extreme |= c.extreme[k];
    }
  }

  void map(Closure& c) const noexcept {
    if (!c.any_extreme) return map_(c.streams, plan_.length);
    Partition run;
    run.add(inner_dim(plan_));
    for (int k = 0; k < c.streams.count; ++k) {
      if (c.extreme[k]) {
        map_gradient_exactly(job_, operands_, offsets_at(cells_, c.index[k]), run, c.affine[k], c.gradient[k]);
      } else {
        GradientStreams one = one_stream(c.streams, k);
        map_(one, plan_.length);
      }
    }
  }

  static GradientStreams one_stream(const GradientStreams& all, int k) noexcept {
    GradientStreams g = all;
    g.count = 1;
    g.x[0] = all.x[k];
    g.dy[0] = all.dy[k];
    g.dx[0] = all.dx[k];
    g.gamma[0] = all.gamma[k];
    g.hi[0] = all.hi[k];
    g.scale[0] = all.scale[k];
    g.a[0] = all.a[k];
    g.b[0] = all.b[k];
    return g;
  }

  const Job& job_;
  const Plan& plan_;
  Operands operands_;
  std::span<const Dim> cells_;
  std::int64_t count_, chunks_;
  ParameterSums parameters_;
  GradientRowsFn measure_ = nullptr, map_ = nullptr;  // null where that is not wanted
};

}  // namespace

bool whole_gradient_rows(const Plan& plan) noexcept {
  return plan.length == plan.cell_elements && plan.length <= segment && (plan.per_element || !plan.param.present);
}

void run_whole_gradient_rows(const Job& job, const Plan& plan, Context& context) {
  context.state().threads_used = WholeGradientRows(job, plan, context).run();
}

}  // namespace poise
