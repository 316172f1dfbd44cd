#pragma once

#include <algorithm>
#include <cstdint>

#include "core/plan.h"

namespace poise {

// What loops over lanes share, forward and backward.

// A closure: one tile of lanes of one index of the outside cells.
struct Tile {
  std::int64_t index = 0;
  Offsets base;
  std::int64_t first = 0, lanes = 0;
};

inline Tile tile_at(const Plan& plan, std::int64_t closure) noexcept {
  const std::int64_t tiles = (plan.lanes + plan.tile - 1) / plan.tile;
  Tile t;
  t.index = closure;
  t.first = closure % tiles * plan.tile;
  t.lanes = std::min(plan.tile, plan.lanes - t.first);
  t.base =
      offsets_at(plan.cells.dims(), closure / tiles) + Offsets{.x = t.first, .y = t.first, .dy = t.first, .z = t.first};
  return t;
}

// Of a lane of the tile.
inline Offsets lane_offsets(const Plan& plan, const Tile& t, std::int64_t lane) noexcept {
  const std::int64_t at = t.first + lane, merged = plan.lane_merged.elements();
  Offsets offsets = offsets_at(plan.lane_cells.dims(), at / merged) + offsets_at(plan.lane_merged.dims(), at % merged);
  // x, y, dy and z of the lane are counted from the tile's own base.
  offsets.x = offsets.y = offsets.dy = offsets.z = lane;
  return t.base + offsets;
}

// Cells side by side that lie a step apart in all that runs along them; lane and cell are counted from the tile's
// first.
struct CellRun {
  static constexpr std::int64_t most = 128;
  std::int64_t lane = 0, cell = 0, count = 0;
  Offsets at, step;
};

// Calls body(run) for all cells of the tile, so that divisions are paid once a run and not once a lane.
template <class F>
void for_each_cell_run(const Plan& plan, const Tile& t, F&& body) noexcept {
  const auto dims = plan.lane_cells.dims();
  const std::int64_t merged = plan.lane_merged.elements(), cells = t.lanes / merged;
  const std::int64_t inner = dims.empty() ? 1 : dims.back().size;
  CellRun run;
  if (!dims.empty()) run.step = dims.back();
  for (; run.cell < cells; run.cell += run.count) {
    run.lane = run.cell * merged;
    run.at = lane_offsets(plan, t, run.lane);
    run.count = std::min({cells - run.cell, inner - (t.first / merged + run.cell) % inner, CellRun::most});
    body(static_cast<const CellRun&>(run));
  }
}

}  // namespace poise
