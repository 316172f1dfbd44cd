// Synchronized batch normalization: batch norm (Ioffe, Szegedy 2015, arXiv:1502.03167) whose merge goes over ranks.
//
//     y = gamma_c * (x - mean_c) * r(var_c) + beta_c
//
// x, y: any shape with the channel axes   gamma, beta, running statistics (channels)   kept for backward: mean, rstd
// A cell is a channel of all samples of all ranks. Each rank measures its own, all agree, all merge alike, each maps.

#include <poise/sync_batch_norm.h>

#include <optional>

#include "cluster/merge_ranks.h"
#include "techniques/affine.h"
#include "techniques/backward.h"
#include "techniques/batch_merge.h"
#include "techniques/sync_batch.h"

namespace poise {
void sync_batch_norm(TensorView y, ConstTensorView x, Communicator& ranks, const BatchNormOptions& o,
                     const BatchNormResults& r, Context& context) {
  Agreement agreement("sync_batch_norm", ranks, context);
  std::optional<Call> call;
  std::optional<FromRunning> running;
  PerCell<Measured> cells;
  std::span<CellAffine> affines;
  agreement.reach([&] {
    call.emplace("sync_batch_norm", y, x, context);
    const Dims axes = call->axes("channel_axes", o.channel_axes), channels = call->sizes_of(axes);
    call->keep(axes);
    take_affine(*call, o, axes);
    check_batch(*call, o, r, channels);
    name_terms(agreement, *call, o, channels);
    if (!measures(o)) {
      running.emplace(from_running(*call, o));
      refuse_results(*call, r, "none in evaluation and frozen");
      return plan_only(call->job(), context);
    }
    cells.take(*call, channels.product(), ranks);
    affines = room_for<CellAffine>(*call, channels.product());
    measure_mine(*call, cells);
    call->job().statistic = Statistic::moments;  // for what explaining shows
    plan_only(call->job(), context);
  });
  Job& job = call->job();
  job.statistic = Statistic::none;
  if (running) {
    job.merge = &*running;
    execute(job, context);
    return call->tell_skipped(r.non_finite);
  }
  if (context.explain_only) return;
  merge_ranks(cells.mine, cells.gathered, ranks);
  check_counts(*call, o.one_value, cells);
  const BatchMerge batch(o, r);
  for (std::size_t c = 0; c < affines.size(); ++c) affines[c] = batch(static_cast<std::int64_t>(c), cells.mine[c]);
  const GivenAffine given(affines);
  job.merge = &given;
  execute(job, context);
  call->tell_skipped(r.non_finite);
}

void sync_batch_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x, Communicator& ranks,
                              const BatchNormResults& saved, const BatchNormOptions& o, Context& context) {
  Agreement agreement("sync_batch_norm_backward", ranks, context);
  std::optional<Call> call;
  std::optional<FromRunning> running;
  std::optional<NormalizeDerivative> derivative;
  PerCell<Measured> cells;
  PerCell<GradientSums> sums;
  Saved s{saved.mean, saved.rstd};
  const bool has_saved = s.mean.present() && s.rstd.present();
  const auto sum_mine = [&] {
    derivative.emplace(deviation_of(o), s.mean, s.rstd);
    const SumsOverRanks keep(SumsOverRanks::Step::keep, *derivative, sums.mine);
    Job job = gated_apart(*call);
    job.maps = false;
    job.statistic = Statistic::moments;
    job.derivative = &keep;
    execute(job, context);
    take_gated(*call, job);
  };
  agreement.reach([&] {
    call.emplace("sync_batch_norm", gradients.dx, dy, x, context);
    const Dims axes = call->axes("channel_axes", o.channel_axes), channels = call->sizes_of(axes);
    call->keep(axes);
    take_affine(*call, o, gradients, axes);
    call->eps(o.eps);
    check_running(*call, o, BatchNormResults{}, channels);
    name_terms(agreement, *call, o, channels);
    agreement.term("saved", has_saved);
    if (!measures(o)) return void(running.emplace(from_running(*call, o)));
    check_saved_operand(*call, "mean", s.mean, channels);
    check_saved_operand(*call, "rstd", s.rstd, channels);
    sums.take(*call, channels.product(), ranks);
    if (has_saved) return sum_mine();
    cells.take(*call, channels.product(), ranks);
    s.mean = {call->memory(channels.product()), DType::f64, channels};
    s.rstd = {call->memory(channels.product()), DType::f64, channels};
    measure_mine(*call, cells);
  });
  if (running) return constant_backward(*call, *running);
  if (context.explain_only) return;
  if (!has_saved) {
    merge_ranks(cells.mine, cells.gathered, ranks);
    const Normalize normalize(deviation_of(o), s.mean, s.rstd);
    for (std::size_t c = 0; c < cells.mine.size(); ++c) normalize(static_cast<std::int64_t>(c), cells.mine[c]);
    Agreement("sync_batch_norm_backward", ranks, context).reach(sum_mine);
  }
  merge_ranks(sums.mine, sums.gathered, ranks);
  check_counts(*call, o.one_value, sums);
  const SumsOverRanks given(SumsOverRanks::Step::given, *derivative, sums.mine);
  const Job map = map_alone(call->job(), given);
  if (map.maps || map.gate.gated.present()) execute(map, context);
  call->store_gradients();
}

}  // namespace poise
