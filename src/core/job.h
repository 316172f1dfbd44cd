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

// What a cell's statistics become: y = gamma * ((x - center) * scale + shift) + identity * (x - center) + beta.
struct CellAffine {
  double center = 0, center_lo = 0, scale = 1, shift = 0, identity = 0;
};
// A std this far from 1 leaves float32's range when its reciprocal is multiplied with a deviation of up to sqrt(n) std.
inline constexpr double least_scale = 1e-30, most_scale = 1e30;

// Cells side by side, of as many elements each, as a plain merge found them.
struct PlainCells {
  std::int64_t count = 0, elements = 0;
  const double *mean = nullptr, *m2 = nullptr, *rstd = nullptr;
};

// A technique's own step between measure and map. Called once a cell, from any thread, cells in any order; it also
// writes the cell's results, at its row-major index.
class Merge {
 public:
  virtual CellAffine operator()(std::int64_t cell, const Measured& measured) const noexcept = 0;
  // The cells first, first + stride, ...: what one by one gives, to the bit. Where cells are lanes a call each would
  // cost more than the lanes themselves.
  virtual void merge_many(std::int64_t first, std::int64_t stride, std::int64_t count, const Measured* measured,
                          CellAffine* affine) const noexcept {
    for (std::int64_t i = 0; i < count; ++i) affine[i] = (*this)(first + i * stride, measured[i]);
  }
  // A merge that centers on the mean, scales by rstd = 1 / sqrt(variance + eps) and only keeps something of these says
  // its eps: lanes that are cells are then merged by vectors. Null: it has to be called.
  virtual const double* plain_eps() const noexcept { return nullptr; }
  virtual void keep_many(std::int64_t /*first*/, std::int64_t /*stride*/, const PlainCells& /*cells*/) const noexcept {}

 protected:
  ~Merge() = default;
};

// What makes something of cells' statistics that each of them needs: of `cells` neighbours, which are a sample's.
// Called from any thread, once a cell; then, when all of a sample's are kept, once a sample; its cells are merged after
// that, with nothing measured.
class Coupling {
 public:
  virtual void keep(std::int64_t cell, const Measured& measured) const noexcept = 0;
  virtual void couple(std::int64_t first) const noexcept = 0;
  const std::int64_t cells;

 protected:
  explicit Coupling(std::int64_t of_a_sample) noexcept : cells(of_a_sample) {}
  ~Coupling() = default;
};

// Only measures coupled cells.
class KeepCoupled final : public Merge {
 public:
  explicit KeepCoupled(const Coupling& coupling) noexcept : coupling_(coupling) {}
  CellAffine operator()(std::int64_t cell, const Measured& measured) const noexcept override {
    coupling_.keep(cell, measured);
    return {};
  }

 private:
  const Coupling& coupling_;
};

// What a backward pass sums over a cell: s0 = sum gamma*dy, s1 = sum gamma*dy*(x - center), of count elements. Where
// cells are coupled power = sum x^2, too.
struct GradientSums {
  std::int64_t count = 0;
  double s0 = 0, s1 = 0, power = 0;
};

// What the sums become: dx = (gamma*scale + identity)*dy + a*(x - center) + b.
struct CellGradient {
  double a = 0, b = 0;
};

// A technique's derivative of its merge. Both functions are called from any thread, cells in any order.
class Derivative {
 public:
  // The affine that the forward pass gave this cell.
  virtual CellAffine saved(std::int64_t cell) const noexcept = 0;
  // sums is empty where the job does not measure.
  virtual CellGradient operator()(std::int64_t cell, const GradientSums& sums) const noexcept = 0;
  // A derivative of what scales by rstd = 1 / sqrt(variance + eps), and may center on the mean, says so, and gives both
  // of the cells first, first + stride, ...: lanes that are cells are then merged by vectors. Else it has to be called.
  enum class Plain : std::uint8_t { no, centered, about_zero };
  virtual Plain plain() const noexcept { return Plain::no; }
  virtual void saved_many(std::int64_t /*first*/, std::int64_t /*stride*/, std::int64_t /*count*/, double* /*center*/,
                          double* /*rstd*/) const noexcept {}

 protected:
  ~Derivative() = default;
};

// Coupling, of a backward pass: once a sample is coupled, the derivative gives all of its cells without their sums.
// Gamma is a cell's, and its center 0.
class GradientCoupling {
 public:
  virtual void keep(std::int64_t cell, const GradientSums& sums) const noexcept = 0;
  virtual void couple(std::int64_t first) const noexcept = 0;
  const std::int64_t cells;

 protected:
  explicit GradientCoupling(std::int64_t of_a_sample) noexcept : cells(of_a_sample) {}
  ~GradientCoupling() = default;
};

// The end of a map: y = activation(y + residual), in the compute type; or where dy is present, what the way back
// through that makes of it: y = dy * activation'(y + residual), and dy itself where masked.
struct Finish {
  ConstTensorView residual;  // of y's type; strides along the partition's dims are in Dim::z
  Activation activation = Activation::none;
  double slope = 0;
  ConstTensorView dy = {};  // of y's type; strides in Dim::dy
  bool present() const noexcept { return residual.present() || activation != Activation::none; }
};

// Done before anything is measured: sum = x + residual, which then is x; or in a backward pass dy's part that an
// activation let pass, which then is dy. The partition's strides: x and dy of the two addends, y of the sum. The gate's
// is the job's with other strides: dy, z of the forward pass' y or of its residual, y of the gated dy. A smooth
// activation's gate is the forward map once more, ended by dy * activation'(z); it has no y.
struct Addition {
  ConstTensorView x, residual;
  TensorView sum;
  Partition partition;
};
struct Gate {
  ConstTensorView dy, y;
  TensorView gated;
  Partition partition;
  double slope = 0;
  Activation activation = Activation::none;  // where smooth
  ConstTensorView residual = {}, beta = {};
};

// One validated call, whatever the technique: what to measure, over which partition, and how to merge. A backward pass
// has a derivative in place of a merge: it measures GradientSums, unless its statistic is none, and y is dx.
struct Job {
  const char* technique = "";
  Partition partition;
  Statistic statistic = Statistic::none;
  ConstTensorView x;
  TensorView y;
  ConstTensorView gamma, beta;     // strides along the partition's dims are in Dim
  double gamma_offset = 0;         // gamma is read as this plus g; absent, g is 1
  bool samples_are_cells = false;  // layer and RMS norm: then no loop may depend on how many cells there are
  bool to_u8 = false;              // undoing input scaling is the one call that may store u8
  const Merge* merge = nullptr;
  const Coupling* coupling = nullptr;

  // A mask of the call's own, as codes with label = counted: not_finite elements do not count and are normalized.
  enum Code : std::uint8_t { masked_out, counted, not_finite };
  ConstTensorView mask;        // u8; strides along the partition's dims are in Dim
  int label = -1;              // an element counts where its mask is this, or for -1 where it is not 0
  bool leaves_masked = false;  // y stays as it was where masked; else as `masked` says
  Masked masked = Masked::zero;
  // Whether an element enters its cell's statistics.
  bool counts(const Offsets& at) const noexcept {
    if (!mask.present()) return true;
    const int value = static_cast<const std::uint8_t*>(mask.data())[at.mask];
    return label < 0 ? value != 0 : value == label;
  }

  Addition addition;
  Gate gate;
  Finish epilogue;  // what becomes of y before it is stored

  bool maps = true;  // false: only measure and merge; y is not touched
  const Derivative* derivative = nullptr;
  const GradientCoupling* gradient_coupling = nullptr;
  ConstTensorView dy;
  // The gradients of gamma and beta: what the elements that Dim::param says share a value add to them; null: not
  // wanted.
  double *dgamma = nullptr, *dbeta = nullptr;

  // Calls change(partition) for the job's own and, where there is a gate, for that one's: cells and masks are the same.
  template <class F>
  void change_partitions(F&& change) {
    change(partition);
    if (gate.gated.present()) change(gate.partition);
  }
};

}  // namespace poise
