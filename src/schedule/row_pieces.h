#pragma once

#include <algorithm>
#include <cstdint>

#include "core/plan.h"
#include "kernels/kernels.h"

namespace poise {

// A piece of a cell's run: where it lies from the cell's start, and how long it is.
struct Piece {
  Offsets at;
  std::int64_t unit = 0, length = 0;
};

// The cells that a thread handles together of [begin, end), `done` of which are: those lie a quarter of its share
// apart, as far streams, but for the last few. With together = 1 all follow each other.
struct FarCells {
  std::int64_t first, step;
};
inline FarCells far_cells(std::int64_t begin, std::int64_t end, std::int64_t together, std::int64_t done) noexcept {
  if (together == 1) return {begin + done, 1};
  const std::int64_t groups = (end - begin) / together;
  if (done >= groups * together) return {begin + done, 1};
  return {begin + done / together, groups};
}
inline std::int64_t far_cell(std::int64_t begin, std::int64_t end, std::int64_t together, std::int64_t i) noexcept {
  const std::int64_t k = i % together;
  const FarCells cells = far_cells(begin, end, together, i - k);
  return cells.first + k * cells.step;
}

// Whether cells of one run follow each other: where y is cached, far ones, and y's beside them, would meet in the first
// cache's sets; of two bytes an element memory answers one stream faster than its elements are computed.
inline bool in_order(const Plan& plan) noexcept {
  const auto bytes = static_cast<std::int64_t>(size_of(plan.x_type));
  return bytes == 2 || (!plan.streaming && plan.length * bytes <= short_cached_run_bytes);
}

// Cells that lie a step apart are merged by one call.
inline void merge_cells(const Merge& merge, const std::int64_t* cell, int count, const Measured* measured,
                        CellAffine* affine) noexcept {
  const std::int64_t step = count > 1 ? cell[1] - cell[0] : 0;
  bool even = true;
  for (int k = 2; k < count; ++k) even &= cell[k] == cell[0] + k * step;
  if (even) return merge.merge_many(cell[0], step, count, measured, affine);
  for (int k = 0; k < count; ++k) affine[k] = merge(cell[k], measured[k]);
}

// The k-th of these streams alone.
inline MapStreams one_stream(const MapStreams& all, int k) noexcept {
  MapStreams m = all;
  m.count = 1;
  m.x[0] = all.x[k];
  m.y[0] = all.y[k];
  m.hi[0] = all.hi[k];
  m.scale[0] = all.scale[k];
  m.shift[0] = all.shift[k];
  m.gamma[0] = all.gamma[k];
  m.beta[0] = all.beta[k];
  return m;
}

// A rows plan's cell cut into pieces of at most `segment` elements, unit by unit, run by run.
class RowPieces {
 public:
  explicit RowPieces(const Plan& plan) noexcept
      : plan_(plan),
        units_(plan.units.elements()),
        runs_(plan.runs.elements()),
        a_run_((plan.length + segment - 1) / segment),
        count_(units_ * runs_ * a_run_) {}

  std::int64_t units() const noexcept { return units_; }
  std::int64_t count() const noexcept { return count_; }
  std::int64_t a_unit() const noexcept { return runs_ * a_run_; }

  Piece operator[](std::int64_t index) const noexcept {
    Piece p;
    p.length = plan_.length;
    if (count_ == 1) return p;
    const std::int64_t part = index % a_run_, run = index / a_run_ % runs_;
    p.unit = index / a_run_ / runs_;
    p.at = offsets_at(plan_.units.dims(), p.unit) + offsets_at(plan_.runs.dims(), run);
    const std::int64_t start = part * segment;
    p.length = std::min(segment, plan_.length - start);
    const std::int64_t along = plan_.per_element ? start : 0;
    p.at =
        p.at + Offsets{.x = start, .y = start, .dy = start, .z = start, .gamma = along, .beta = along, .param = along};
    return p;
  }

  // Calls body(k, offsets, unit) for every stream and gives their length, or -1 where it is not the same. A cell of one
  // piece needs no offsets but its own.
  template <class F>
  std::int64_t for_each_stream(const Offsets* base, int streams, const int* cell, const std::int64_t* index,
                               F&& body) const noexcept {
    if (count_ == 1) {
      for (int k = 0; k < streams; ++k) body(k, base[cell[k]], std::int64_t{0});
      return plan_.length;
    }
    std::int64_t length = 0;
    for (int k = 0; k < streams; ++k) {
      const Piece p = (*this)[index[k]];
      if (k > 0 && p.length != length) return -1;
      length = p.length;
      body(k, base[cell[k]] + p.at, p.unit);
    }
    return length;
  }

  // Calls body(streams, cell[], piece[]) for every set of pieces in [first, last) that are handled side by side: the
  // same piece of several cells, or far pieces of one cell.
  template <class F>
  void for_each_streams(int cells, std::int64_t first, std::int64_t last, F&& body) const noexcept {
    int cell[max_streams];
    std::int64_t index[max_streams];
    if (cells > 1) {
      for (std::int64_t p = first; p < last; ++p) {
        for (int k = 0; k < cells; ++k) {
          cell[k] = k;
          index[k] = p;
        }
        body(cells, cell, index);
      }
      return;
    }
    const std::int64_t quarter = (last - first + max_streams - 1) / max_streams;
    for (std::int64_t p = first; p < first + quarter; ++p) {
      int streams = 0;
      for (std::int64_t at = p; at < last && streams < max_streams; at += quarter) {
        cell[streams] = 0;
        index[streams++] = at;
      }
      body(streams, cell, index);
    }
  }

 private:
  const Plan& plan_;
  std::int64_t units_, runs_, a_run_, count_;
};

}  // namespace poise
