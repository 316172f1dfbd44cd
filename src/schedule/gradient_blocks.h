#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/job.h"
#include "core/plan.h"
#include "kernels/gradient.h"
#include "schedule/lanes.h"
#include "schedule/operands.h"

namespace poise {

// Sums of the lanes, one array behind the other; p is null but where cells are coupled.
struct LaneSums {
  double *s = nullptr, *q = nullptr, *p = nullptr;
};

// One value a lane of folded rows, padded for whole vectors. hi, scale, a, b are in the compute type.
struct GradientScratch {
  double *center = nullptr, *rstd = nullptr;
  LaneSums sums, block;
  void *hi = nullptr, *scale = nullptr, *a = nullptr, *b = nullptr;
  double *row_dgamma = nullptr, *row_dbeta = nullptr;  // one a row
  CellAffine* affine = nullptr;                        // one a cell
  CellGradient* gradient = nullptr;                    // one a cell
};

// The loops of a backward pass over one block of a closure's rows.
class GradientBlocks {
 public:
  GradientBlocks(const Job& job, const Plan& plan, const Operands& operands) noexcept
      : job_(job),
        plan_(plan),
        operands_(operands),
        kernels_(gradient_kernels_for(plan.target)),
        width_((plan.tile * plan.fold + lane_padding - 1) / lane_padding * lane_padding + lane_padding),
        kinds_(job.gradient_coupling != nullptr ? 3 : 2) {
    const auto rows = plan.runs.dims();
    if (!rows.empty()) {
      row_ = rows.back();
      outer_rows_ = rows.first(rows.size() - 1);
    }
    a_run_ = (row_.size + block_rows - 1) / block_rows;
    count_ = elements(outer_rows_) * a_run_;
  }

  std::int64_t count() const noexcept { return count_; }
  // Of an array of one value a lane, and of LaneSums.
  std::int64_t width() const noexcept { return width_; }
  std::int64_t sums_width() const noexcept { return kinds_ * width_; }
  LaneSums sums_at(double* values) const noexcept {
    return {values, values + width_, kinds_ == 3 ? values + 2 * width_ : nullptr};
  }

  void measure(const Tile& t, const GradientScratch& scratch, std::int64_t block, const LaneSums& sums) const noexcept {
    std::fill_n(sums.s, sums_width(), 0.0);
    GradientColumns g = block_of(t, scratch, block);
    g.s = sums.s;
    g.q = sums.q;
    g.p = sums.p;
    if (scratch.row_dgamma != nullptr) {
      const std::int64_t row = block / a_run_ * row_.size + block % a_run_ * block_rows;
      g.rstd = scratch.rstd;
      g.row_dgamma = scratch.row_dgamma + row;
      g.row_dbeta = scratch.row_dbeta + row;
    }
    for_each_piece(t, g, kernels_.measure_columns[static_cast<int>(plan_.x_type)]);
  }
  // All of them into the scratch's sums.
  void measure(const Tile& t, const GradientScratch& scratch) const noexcept {
    measure(t, scratch, 0, scratch.sums);
    for (std::int64_t b = 1; b < count_; ++b) {
      measure(t, scratch, b, scratch.block);
      join(scratch.block, scratch.sums);
    }
  }
  void join(const LaneSums& sums, const LaneSums& into) const noexcept {
    for (std::int64_t j = 0; j < sums_width(); ++j) into.s[j] += sums.s[j];
  }

  void map(const Tile& t, const GradientScratch& scratch, std::int64_t block) const noexcept {
    for_each_piece(t, block_of(t, scratch, block), kernels_.map_columns[static_cast<int>(plan_.x_type)]);
  }
  // Of all blocks some lanes.
  void map_lanes(const Tile& t, const GradientScratch& scratch, std::int64_t first, std::int64_t last) const noexcept {
    for (std::int64_t b = 0; first < last && b < count_; ++b) {
      GradientColumns g = block_of(t, scratch, b, first);
      g.lanes = last - first;
      g.streaming = false;
      kernels_.map_columns[static_cast<int>(plan_.x_type)](g);
    }
  }

 private:
  // lane: where the loop begins.
  GradientColumns block_of(const Tile& t, const GradientScratch& scratch, std::int64_t block,
                           std::int64_t lane = 0) const noexcept {
    const std::int64_t first = block % a_run_ * block_rows;
    const Offsets at =
        t.base + offsets_at(outer_rows_, block / a_run_) + first * row_ + Offsets{.x = lane, .y = lane, .dy = lane};
    const auto skipped = static_cast<std::size_t>(lane) * (plan_.x_type == DType::f64 ? sizeof(double) : sizeof(float));
    const auto from = [&](const void* values) {
      return static_cast<const void*>(static_cast<const char*>(values) + skipped);
    };
    GradientColumns g;
    g.x = address(job_.x.data(), plan_.x_type, at.x);
    g.dy = address(job_.dy.data(), plan_.x_type, at.dy);
    if (job_.maps) g.dx = address(job_.y.data(), plan_.x_type, at.y);
    g.x_stride = row_.x;
    g.dy_stride = row_.dy;
    g.dx_stride = row_.y;
    g.rows = std::min(block_rows, row_.size - first);
    g.lanes = t.lanes - lane;
    g.center = scratch.center + lane;
    g.hi = from(scratch.hi);
    g.scale = from(scratch.scale);
    g.a = from(scratch.a);
    g.b = from(scratch.b);
    g.streaming = plan_.streaming;
    if (plan_.gamma_by_row || plan_.gamma_by_element) {
      g.mode = plan_.gamma_by_row ? ColumnGamma::row : ColumnGamma::element;
      g.gamma = operands_.gamma.at(at.gamma + (plan_.gamma_by_element ? t.first + lane : 0));
      g.gamma_stride = operands_.gamma.step * row_.gamma;
      g.gamma_step = plan_.gamma_by_element ? operands_.gamma.step : 0;
    }
    return g;
  }

  // Calls loop(g) for a block's folded rows, then for what is left of them.
  void for_each_piece(const Tile& t, GradientColumns g, GradientColumnsFn loop) const noexcept {
    const std::int64_t fold = plan_.fold, folded = g.rows / fold, left = g.rows - folded * fold;
    if (fold == 1) return loop(g);
    g.rows = folded;
    g.lanes = t.lanes * fold;
    for (std::int64_t* stride : {&g.x_stride, &g.dy_stride, &g.dx_stride}) *stride *= fold;
    if (folded > 0) loop(g);
    if (left == 0) return;
    g.x = address(g.x, plan_.x_type, folded * g.x_stride);
    g.dy = address(g.dy, plan_.x_type, folded * g.dy_stride);
    if (job_.maps) g.dx = address(g.dx, plan_.x_type, folded * g.dx_stride);
    g.rows = 1;
    g.lanes = left * t.lanes;
    loop(g);
  }

  const Job& job_;
  const Plan& plan_;
  const Operands& operands_;
  const GradientKernels& kernels_;
  std::int64_t width_, kinds_;  // of sums: s and q, and where cells are coupled p
  Dim row_;
  std::span<const Dim> outer_rows_;
  std::int64_t a_run_ = 1, count_ = 1;
};

}  // namespace poise
