#pragma once

#include <cstdint>
#include <string>

#include "core/job.h"
#include "core/partition.h"

namespace poise {

// Rows and runs that are summed are cut into pieces of fixed size, so that threads can share a cell without changing
// its sums.
inline constexpr std::int64_t segment = std::int64_t{1} << 16;
inline constexpr std::int64_t block_rows = 1024;

// Which loops, over what, in which order, by how many threads. Built per call from the job alone: shape, strides, types
// and the context, never the data. Whatever decides the order of sums depends on the cell only, not on the threads.
struct Plan {
  enum class Loop : std::uint8_t { empty, rows, columns, pixels, strided, windows };

  // gamma or beta laid out anew in the compute type, along the dims it varies over, when the loops cannot read it as
  // it is.
  struct Operand {
    bool present = false, copied = false;
    Partition source;  // the dims it is copied along; `gamma` holds the source's strides
    std::int64_t size = 0;
  };

  Loop loop = Loop::empty;
  const char* technique = "";
  DType x_type = DType::f32, y_type = DType::f32;
  Target target = Target::scalar;
  Statistic statistic = Statistic::none;
  int threads = 1;
  bool streaming = false, fused = false;
  Operand gamma, beta;
  Operand param;                   // the gradients of gamma and beta, summed in an order of the plan's own
  std::int64_t cell_elements = 0;  // m: elements of a cell

  // rows: a cell is units x runs x length; `together` cells or runs stand side by side.
  // columns: each of `cells` (outside the lanes) has `runs` rows of lane_cells x lane_merged lanes, `block` at a time.
  // strided: everything one element at a time; a cell is units x runs.
  Partition cells, units, runs;
  std::int64_t length = 1;
  bool per_element = false;
  int together = 1;

  Partition lane_cells, lane_merged;
  std::int64_t lanes = 1, tile = 1, fold = 1, block = block_rows;
  bool gamma_by_row = false, gamma_by_element = false;

  // pixels: a pixel is a few channels side by side in x, and y takes `pixels` of them, `length` in all, as a plane a
  // channel, or packed side by side again: in another order, or not all of them. Outside are `cells` and `runs`.
  static constexpr std::int64_t widest_pixel = 4;
  Partition pixels;
  Dim channel;
  bool packed = false;

  // windows: sums over windows of `taps` along `cells`, for each of `runs`; which loops, and how wide they go.
  const char* window = "";
  std::int64_t taps = 1;

  std::string str() const;
};

Plan make_plan(const Job& job, const Context& context);

// How many threads this much memory keeps busy, and whether y is written past the cache.
int threads_worth(const Job& job, const Context& context) noexcept;
bool worth_streaming(const Job& job, const Context& context, int caches = 1) noexcept;

}  // namespace poise
