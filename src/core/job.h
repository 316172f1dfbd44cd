#pragma once

#include <cstdint>

#include <poise/context.h>
#include <poise/options.h>

#include "core/partition.h"

namespace poise {

// What measure collects of a cell. power: sum of squares about zero.
enum class Statistic : std::uint8_t { none, moments, power, range };

// What one cell measured. mean + mean_lo is the mean to twice the precision of a double; m2 is about the mean, or for
// power about zero, where mean is 0.
struct Measured {
  std::int64_t count = 0;
  double mean = 0, mean_lo = 0, m2 = 0;
  double min = 0, max = 0;
};

// What a cell's statistics become: y = (x - center) * scale + shift, before gamma and beta.
struct CellAffine {
  double center = 0, center_lo = 0, scale = 1, shift = 0;
};

// A technique's own step between measure and map. Called once a cell, from any thread, cells in any order; it also
// writes the cell's results, at its row-major index.
class Merge {
 public:
  virtual CellAffine operator()(std::int64_t cell, const Measured& measured) const noexcept = 0;

 protected:
  ~Merge() = default;
};

// One validated call, whatever the technique: what to measure, over which partition, and how to merge.
struct Job {
  const char* technique = "";
  Partition partition;
  Statistic statistic = Statistic::none;
  ConstTensorView x;
  TensorView y;
  ConstTensorView gamma, beta;     // strides along the partition's dims are in Dim
  bool samples_are_cells = false;  // layer and RMS norm: then no loop may depend on how many cells there are
  bool to_u8 = false;              // undoing input scaling is the one call that may store u8
  const Merge* merge = nullptr;
};

}  // namespace poise
