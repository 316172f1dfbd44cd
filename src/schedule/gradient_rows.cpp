// The backward pass over contiguous runs: measure, merge, map, several streams at a time. Sums are joined run by run in
// their order, so neither streams nor threads show in the result.

#include <algorithm>

#include "core/parallel.h"
#include "core/sums.h"
#include "kernels/gradient.h"
#include "schedule/elements.h"
#include "schedule/gradient.h"
#include "schedule/row_pieces.h"
#include "schedule/whole_gradient_rows.h"

namespace poise {
namespace {

// Up to four cells that are handled together, with what becomes of them.
struct Closure {
  int count = 0;
  std::int64_t cell[max_streams] = {};
  Offsets base[max_streams];
  CellAffine affine[max_streams];
  CellGradient gradient[max_streams];
  bool extreme[max_streams] = {};
  GradientCoefficients* coefficients = nullptr;  // [cell][unit]
  Sums* sums = nullptr;                          // [cell][piece]
  double* powers = nullptr;                      // [cell][piece], where cells are coupled
  double *dgamma = nullptr, *dbeta = nullptr;    // of the chunk, where gamma runs along the loop
};

class GradientRows {
 public:
  GradientRows(const Job& job, const Plan& plan, Context& context)
      : job_(job),
        plan_(plan),
        kernels_(gradient_kernels_for(plan.target)),
        used_(context.state().threads_used),
        operands_(readable_operands(job, plan, context.state().workspace)),
        piece_(plan),
        cells_(plan.cells.elements()),
        measures_(job.statistic != Statistic::none || plan.param.present),
        chunks_(plan.per_element ? parameter_chunks(plan, cells_) : 1),
        parameters_(job, plan, chunks_, context.state().workspace) {
    Workspace& workspace = context.state().workspace;
    sums_ = workspace.take<Sums>(plan.threads * max_streams * piece_.count());
    if (coupled()) powers_ = workspace.take<double>(plan.threads * max_streams * piece_.count());
    coefficients_ = workspace.take<GradientCoefficients>(plan.threads * max_streams * piece_.units());
    if (parameters_.wanted() && !plan.per_element) unit_sums_ = workspace.take<Sums>(cells_ * piece_.units());
  }

  void run() {
    coupled() ? run_coupled() : run(Phase::whole);
    if (unit_sums_ != nullptr) add_units();
    parameters_.finish();
  }

 private:
  bool coupled() const noexcept { return job_.gradient_coupling != nullptr; }

  void run(Phase phase) {
    const bool by_chunks = parameters_.wanted() && plan_.per_element;
    if (cells_ < plan_.threads && piece_.count() > 1 && !(by_chunks && plan_.runs.elements() > 1)) {
      for (std::int64_t c = 0; c < chunks_; ++c) share_cells(chunk_begin(c), chunk_begin(c + 1), c, phase);
    } else if (by_chunks) {
      used_ = parallel_for(plan_.threads, chunks_, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t c = begin; c < end; ++c) pipeline(chunk_begin(c), chunk_begin(c + 1), thread, c, phase);
      });
    } else {
      used_ = parallel_for(plan_.threads, cells_, [&](std::int64_t begin, std::int64_t end, int thread) {
        pipeline(begin, end, thread, 0, phase);
      });
    }
  }

  // A sample at a time where its cells follow each other: what is mapped was measured but a sample's time ago.
  void run_coupled() {
    const GradientCoupling& coupling = *job_.gradient_coupling;
    const std::int64_t a_sample = coupling.cells, samples = cells_ / a_sample;
    const Dim neighbours = plan_.cells.empty() ? Dim{} : plan_.cells.inner();
    if (neighbours.cell == 1 && neighbours.size == a_sample && by_samples(plan_, samples)) {
      used_ = parallel_for(plan_.threads, samples, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t first = begin * a_sample; first < end * a_sample; first += a_sample) {
          pipeline(first, first + a_sample, thread, 0, Phase::measure);
          coupling.couple(offsets_at(plan_.cells.dims(), first).cell);
          pipeline(first, first + a_sample, thread, 0, Phase::map);
        }
      });
    } else {
      run(Phase::measure);
      couple_all(job_);
      run(Phase::map);
    }
  }

  std::int64_t chunk_begin(std::int64_t chunk) const noexcept {
    return poise::chunk_begin(cells_, chunks_, plan_.together, chunk);
  }

  Closure closure_of(int thread, std::int64_t chunk) const noexcept {
    Closure c;
    c.sums = sums_ + thread * max_streams * piece_.count();
    if (coupled()) c.powers = powers_ + thread * max_streams * piece_.count();
    c.coefficients = coefficients_ + thread * max_streams * piece_.units();
    if (parameters_.wanted() && plan_.per_element) {
      c.dgamma = parameters_.dgamma(chunk);
      c.dbeta = parameters_.dbeta(chunk);
    }
    return c;
  }

  // The order of the cells is that of gamma's gradient, too: a chunk's, by the shape alone.
  void pipeline(std::int64_t begin, std::int64_t end, int thread, std::int64_t chunk, Phase phase) const noexcept {
    Closure c = closure_of(thread, chunk);
    for (std::int64_t i = 0; i < end - begin; i += c.count) {
      c.count = i + plan_.together <= end - begin ? static_cast<int>(plan_.together) : 1;
      for (int k = 0; k < c.count; ++k) open(c, k, far_cell(begin, end, plan_.together, i + k), phase);
      handle(c, phase);
    }
    fence_streams();
  }

  void open(Closure& c, int k, std::int64_t cell, Phase phase) const noexcept {
    c.cell[k] = cell;
    c.base[k] = offsets_at(plan_.cells.dims(), cell);
    c.affine[k] = phase == Phase::measure ? CellAffine{} : job_.derivative->saved(c.base[k].cell);
  }

  void handle(Closure& c, Phase phase) const noexcept {
    if (measures_ && phase != Phase::map) measure(c, 0, piece_.count());
    for (int k = 0; k < c.count; ++k) merge(c, k, phase);
    if (job_.maps && phase != Phase::measure) map(c, 0, piece_.count());
  }

  // --- one set of streams ---

  // Pieces of one length go side by side; a shorter last one alone.
  template <class F>
  void load(const Closure& c, int streams, const int* cell, const std::int64_t* index, F&& body) const noexcept {
    GradientStreams g;
    g.count = streams;
    g.per_element = plan_.per_element;
    g.powers = coupled();
    g.streaming = plan_.streaming;
    g.gamma_step = operands_.gamma.step;
    const auto set = [&](int k, const Offsets& at, std::int64_t unit) {
      const GradientCoefficients& co = c.coefficients[cell[k] * piece_.units() + unit];
      g.x[k] = address(job_.x.data(), plan_.x_type, at.x);
      g.dy[k] = address(job_.dy.data(), plan_.x_type, at.dy);
      g.dx[k] = job_.maps ? address(job_.y.data(), plan_.x_type, at.y) : nullptr;
      g.gamma[k] = operands_.gamma.at(at.gamma);
      g.center[k] = c.affine[cell[k]].center;
      g.hi[k] = co.hi;
      g.scale[k] = co.scale;
      g.a[k] = co.a;
      g.b[k] = co.b;
      g.rstd[k] = c.affine[cell[k]].scale;
      g.dgamma[k] = c.dgamma == nullptr ? nullptr : c.dgamma + at.param;
      g.dbeta[k] = c.dbeta == nullptr ? nullptr : c.dbeta + at.param;
    };
    const std::int64_t length = piece_.for_each_stream(c.base, streams, cell, index, set);
    for (int k = 0; length < 0 && k < streams; ++k) load(c, 1, cell + k, index + k, body);
    if (length >= 0) body(g, length, cell, index);
  }

  void measure(const Closure& c, std::int64_t first, std::int64_t last) const noexcept {
    const auto body = [&](int streams, const int* cell, const std::int64_t* index) {
      load(c, streams, cell, index,
           [&](GradientStreams& g, std::int64_t length, const int* cells, const std::int64_t* pieces) {
             kernels_.measure_rows[static_cast<int>(plan_.x_type)](g, length);
             for (int k = 0; k < g.count; ++k) {
               const std::int64_t at = cells[k] * piece_.count() + pieces[k];
               c.sums[at] = {g.s[k], g.q[k]};
               if (coupled()) c.powers[at] = g.p[k];
             }
           });
    };
    if (c.count > 1 || !runs_share_gamma(c)) return piece_.for_each_streams(c.count, first, last, body);
    constexpr int only = 0;
    for (std::int64_t p = first; p < last; ++p) body(1, &only, &p);
  }

  // Runs of a cell that add to the same values of gamma's gradient do so in their order; such cells are never shared.
  bool runs_share_gamma(const Closure& c) const noexcept { return c.dgamma != nullptr && plan_.runs.elements() > 1; }

  void map(const Closure& c, std::int64_t first, std::int64_t last) const noexcept {
    if (std::none_of(c.extreme, c.extreme + c.count, [](bool e) { return e; })) {
      piece_.for_each_streams(c.count, first, last, [&](int streams, const int* cell, const std::int64_t* index) {
        load(c, streams, cell, index, [&](GradientStreams& g, std::int64_t length, const int*, const std::int64_t*) {
          kernels_.map_rows[static_cast<int>(plan_.x_type)](g, length);
        });
      });
      return;
    }
    for (int k = 0; k < c.count; ++k) {
      if (c.extreme[k]) {
        map_exactly(c, k);
        continue;
      }
      for (std::int64_t p = first; p < last; ++p)
        load(c, 1, &k, &p, [&](GradientStreams& g, std::int64_t length, const int*, const std::int64_t*) {
          kernels_.map_rows[static_cast<int>(plan_.x_type)](g, length);
        });
    }
  }

  void map_exactly(const Closure& c, int k) const noexcept {
    Partition cell = joined(plan_.units, plan_.runs);
    cell.add(inner_dim(plan_));
    map_gradient_exactly(job_, operands_, c.base[k], cell, c.affine[k], c.gradient[k]);
  }

  // --- merge ---

  double gamma(const Closure& c, int k, std::int64_t unit) const noexcept {
    if (plan_.per_element) return 1;
    return operands_.gamma.value((c.base[k] + offsets_at(plan_.units.dims(), unit)).gamma);
  }

  void merge(Closure& c, int k, Phase phase) const noexcept {
    GradientSums total;
    if (phase != Phase::map) total = total_of(c, k);
    if (phase == Phase::measure) return job_.gradient_coupling->keep(c.base[k].cell, total);
    if (phase == Phase::map && unit_sums_ != nullptr) scale_units(c, k);
    c.gradient[k] = (*job_.derivative)(c.base[k].cell, total);
    c.extreme[k] = false;
    for (std::int64_t u = 0; u < piece_.units(); ++u) {
      GradientCoefficients& co = c.coefficients[k * piece_.units() + u];
      co = gradient_coefficients(c.affine[k], c.gradient[k], gamma(c, k, u), plan_.x_type);
      c.extreme[k] |= extreme(co, plan_.x_type);
    }
  }

  GradientSums total_of(const Closure& c, int k) const noexcept {
    GradientSums total;
    total.count = plan_.cell_elements;
    const CellAffine& affine = c.affine[k];
    for (std::int64_t u = 0; measures_ && u < piece_.units(); ++u) {
      Sums unit;
      const Sums* pieces = c.sums + k * piece_.count() + u * piece_.a_unit();
      for (std::int64_t p = 0; p < piece_.a_unit(); ++p) join(Statistic::moments, unit, pieces[p]);
      const double g = gamma(c, k, u);
      total.s0 += g * unit.s;
      total.s1 += g * unit.q;
      if (unit_sums_ != nullptr) {
        unit_sums_[c.cell[k] * piece_.units() + u] = {unit.s, affine.scale * unit.q + affine.shift * unit.s};
      }
    }
    for (std::int64_t p = 0; coupled() && p < piece_.count(); ++p) total.power += c.powers[k * piece_.count() + p];
    return total;
  }

  // --- gamma's and beta's gradients ---

  // By the affine that coupling gave the cell.
  void scale_units(const Closure& c, int k) const noexcept {
    Sums* const units = unit_sums_ + c.cell[k] * piece_.units();
    for (std::int64_t u = 0; u < piece_.units(); ++u) units[u].q *= c.affine[k].scale;
  }

  void add_units() const noexcept {
    const Sums* unit = unit_sums_;
    for (std::int64_t cell = 0; cell < cells_; ++cell) {
      const std::int64_t base = offsets_at(plan_.cells.dims(), cell).param;
      for (std::int64_t u = 0; u < piece_.units(); ++u, ++unit) {
        parameters_.add(base + offsets_at(plan_.units.dims(), u).param, unit->q, unit->s);
      }
    }
  }

  // --- one cell shared by all threads: few cells, many pieces ---

  void share_cells(std::int64_t begin, std::int64_t end, std::int64_t chunk, Phase phase) {
    for (std::int64_t i = 0; i < end - begin; ++i) share(far_cell(begin, end, plan_.together, i), chunk, phase);
  }

  void share(std::int64_t cell, std::int64_t chunk, Phase phase) {
    Closure c = closure_of(0, chunk);
    c.count = 1;
    open(c, 0, cell, phase);
    if (measures_ && phase != Phase::map) {
      used_ = parallel_for(plan_.threads, piece_.count(),
                           [&](std::int64_t begin, std::int64_t end, int) { measure(c, begin, end); });
    }
    merge(c, 0, phase);
    if (!job_.maps || phase == Phase::measure) return;
    if (c.extreme[0]) return map_exactly(c, 0);
    used_ = parallel_for(plan_.threads, piece_.count(), [&](std::int64_t begin, std::int64_t end, int) {
      map(c, begin, end);
      fence_streams();
    });
  }

  const Job& job_;
  const Plan& plan_;
  const GradientKernels& kernels_;
  int& used_;
  Operands operands_;
  RowPieces piece_;
  std::int64_t cells_;
  bool measures_;
  std::int64_t chunks_;
  ParameterSums parameters_;
  Sums* sums_ = nullptr;
  double* powers_ = nullptr;
  Sums* unit_sums_ = nullptr;  // [cell][unit]: what each adds to beta's (s) and gamma's (q) gradient
  GradientCoefficients* coefficients_ = nullptr;
};

}  // namespace

void run_gradient_rows(const Job& job, const Plan& plan, Context& context) {
  if (job.gradient_coupling == nullptr && whole_gradient_rows(plan)) return run_whole_gradient_rows(job, plan, context);
  GradientRows(job, plan, context).run();
}

}  // namespace poise
