#pragma once

#include <poise/batch_norm.h>
#include <poise/communicator.h>

#include <memory>
#include <span>

#include "cluster/agreement.h"
#include "core/call.h"
#include "techniques/backward.h"
#include "techniques/words.h"

namespace poise {

// Room from the call's memory, so that taking it is part of validation.
template <class T>
std::span<T> room_for(const Call& call, std::int64_t count) {
  static_assert(sizeof(T) % sizeof(double) == 0);
  T* memory = reinterpret_cast<T*>(call.memory(count * static_cast<std::int64_t>(sizeof(T) / sizeof(double))));
  std::uninitialized_value_construct_n(memory, count);
  return {memory, static_cast<std::size_t>(count)};
}

// Values a cell: this rank's, and room for those of all ranks.
template <class T>
struct PerCell {
  std::span<T> mine, gathered;

  void take(const Call& call, std::int64_t cells, const Communicator& ranks) {
    mine = room_for<T>(call, cells);
    gathered = room_for<T>(call, cells * ranks.size());
  }
  const T& operator[](std::int64_t cell) const noexcept { return mine[static_cast<std::size_t>(cell)]; }
  T& operator[](std::int64_t cell) noexcept { return mine[static_cast<std::size_t>(cell)]; }
};

// Keeps what a job measures; maps nothing.
class KeepMeasured final : public Merge {
 public:
  explicit KeepMeasured(std::span<Measured> cells) noexcept : cells_(cells) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    cells_[static_cast<std::size_t>(cell)] = m;
    return {};
  }

 private:
  std::span<Measured> cells_;
};

// Maps with affines that are there already.
class GivenAffine final : public Merge {
 public:
  explicit GivenAffine(std::span<const CellAffine> cells) noexcept : cells_(cells) {}
  CellAffine operator()(std::int64_t cell, const Measured&) const noexcept override {
    return cells_[static_cast<std::size_t>(cell)];
  }

 private:
  std::span<const CellAffine> cells_;
};

// A derivative whose sums are kept and not used (first, on each rank), or given (then, with those of all ranks).
class SumsOverRanks final : public Derivative {
 public:
  enum class Step : std::uint8_t { keep, given };
  SumsOverRanks(Step step, const Derivative& derivative, std::span<GradientSums> cells) noexcept
      : step_(step), derivative_(derivative), cells_(cells) {}

  CellAffine saved(std::int64_t cell) const noexcept override { return derivative_.saved(cell); }
  CellGradient operator()(std::int64_t cell, const GradientSums& sums) const noexcept override {
    GradientSums& here = cells_[static_cast<std::size_t>(cell)];
    if (step_ == Step::given) return derivative_(cell, here);
    here = sums;
    return {};
  }

 private:
  Step step_;
  const Derivative& derivative_;
  std::span<GradientSums> cells_;
};

// What all ranks must say alike: else statistics would be merged that do not belong together.
inline void name_terms(Agreement& agreement, Call& call, const BatchNormOptions& o, const Dims& channels) {
  agreement.term("x", name_of(call.job().x.dtype()));
  agreement.term("channels", fmt::join(channels, "x"));
  agreement.term("mode", word_of(o.mode));
  agreement.term("eps", o.eps);
  agreement.term("eps_place", word_of(o.eps_place));
  agreement.term("divisor", word_of(o.divisor));
  agreement.term("running_divisor", word_of(o.running_divisor));
  agreement.term("momentum", o.momentum);
  agreement.term("track_running", o.track_running);
  agreement.term("one_value", word_of(o.one_value));
  agreement.term("non_finite", word_of(o.non_finite));
  agreement.term("gamma", o.gamma.present());
  agreement.term("beta", o.beta.present());
  agreement.term("explain_only", call.context().explain_only);
}

// A fused pass's output in the call's own memory, of x's shape: the caller's is written when all ranks have agreed.
// `to` and `from` say where the pass writes and where the loops then read.
inline TensorView apart(Call& call, Job& job, Partition& to, std::int64_t Dim::*from) {
  const Dims sizes = job.x.sizes();
  const std::int64_t bytes = job.x.elements() * static_cast<std::int64_t>(size_of(job.x.dtype()));
  const TensorView own(call.memory((bytes + 7) / 8), job.x.dtype(), sizes);
  for (int i = 0; i < own.rank(); ++i) {
    const auto axis = static_cast<std::size_t>(i);
    job.partition.dims()[axis].*from = to.dims()[axis].y = own.stride(i);
  }
  return own;
}

// The job with its residual added apart.
inline Job added_apart(Call& call) {
  Job job = call.job();
  if (job.addition.sum.present()) {
    job.x = job.addition.sum = apart(call, job, job.addition.partition, &Dim::x);
  }
  return job;
}

// The same of a backward job that gates dy first.
inline Job gated_apart(Call& call) {
  Job job = call.job();
  if (job.gate.gated.present()) job.dy = job.gate.gated = apart(call, job, job.gate.partition, &Dim::dy);
  return job;
}

// From now on the call's gate copies what was gated apart: formed anew along other strides, its last bits could differ
// from those that were summed.
inline void take_gated(Call& call, const Job& apart) noexcept {
  Gate& gate = call.job().gate;
  if (!gate.gated.present()) return;
  gate.dy = apart.gate.gated;
  gate.y = {};
  gate.activation = Activation::none;
  for (int i = 0; i < gate.dy.rank(); ++i) gate.partition.dims()[static_cast<std::size_t>(i)].dy = gate.dy.stride(i);
}

inline void measure_mine(Call& call, PerCell<Measured>& cells) {
  measure_again(call, added_apart(call), Statistic::moments, KeepMeasured(cells.mine));
}

// One value in a channel of all ranks, where the policy says so: what every rank finds alike.
template <class T>
void check_counts(const Call& call, OneValue policy, const PerCell<T>& cells) {
  if (policy != OneValue::error) return;
  for (const T& cell : cells.mine)
    if (cell.count == 1) call.fail(Code::shape, "x", "more than one value per channel over all ranks", "1");
}

// A backward job whose sums are known: nothing is summed again.
inline Job map_alone(const Job& summed, const Derivative& given) noexcept {
  Job map = summed;
  map.derivative = &given;
  map.dgamma = map.dbeta = nullptr;
  for (Dim& d : map.partition.dims()) d.param = 0;
  return map;
}

}  // namespace poise
