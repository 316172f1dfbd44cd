#include "techniques/segments.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/activation.h"
#include "core/overlap.h"
#include "schedule/elements.h"
#include "techniques/one_value.h"

namespace poise {
namespace {

class CountElements final : public Merge {
 public:
  explicit CountElements(double* counts) noexcept : counts_(counts) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    counts_[cell] = static_cast<double>(m.count);
    return {};
  }

 private:
  double* counts_;
};

// The labels of the call's x, checked with what does not go with them.
Segments begin(Call& call, const SegmentOptions& o) {
  check_label_count(call, o.label_count);
  if (call.job().mask.present()) call.fail(Code::usage, "mask", "none with labels", "one");
  if (call.skips()) call.fail(Code::usage, "non_finite", "propagate or raise with labels", "skip");
  const Segments segments = segments_of(call, "labels", o.labels, o.label_count, call.job().x.sizes());
  Job& job = call.job();
  if (job.maps && share_memory(o.labels, job.y)) {
    call.fail(Code::refused, "labels", "memory of its own", "a view that shares elements with the output");
  }
  take_labels(job, segments.labels);
  for (std::int64_t label = 0; label < o.label_count; ++label) {
    if (!segments.found[static_cast<std::size_t>(label)]) continue;
    job.label = static_cast<int>(label);
    check_one_value(call, o.one_value, "more than one value per sample, channel and label");
  }
  return segments;
}

// Once a label that occurs, and once where none does, so that there is a plan.
bool has_pass(const Segments& segments, std::int64_t label) noexcept {
  return segments.found[static_cast<std::size_t>(label)] || (label == 0 && segments.found.none());
}

}  // namespace

void check_label_count(const Call& call, std::int64_t label_count) {
  if (label_count < 1 || label_count > 256) {
    call.fail(Code::usage, "label_count", "1 to 256", fmt::format("{}", label_count));
  }
}

Segments segments_of(Call& call, const char* name, const ConstTensorView& labels, std::int64_t label_count,
                     const Dims& sizes) {
  bool fits = labels.rank() == sizes.size() && labels.strides().size() == sizes.size();
  for (int i = 0; i < sizes.size() && fits; ++i) fits = labels.size(i) == sizes[i] || labels.size(i) == 1;
  if (!fits) call.fail(Code::shape, name, sizes.str() + ", or 1 in place of a size", labels.sizes().str());
  if (labels.dtype() != DType::u8) call.fail(Code::usage, name, "u8", name_of(labels.dtype()));
  if (labels.data() == nullptr && labels.elements() > 0) call.fail(Code::usage, name, "memory", "a null pointer");
  Segments segments;
  if (!call.context().explain_only) {
    const auto* values = static_cast<const std::uint8_t*>(labels.data());
    Partition all;
    for (int i = 0; i < labels.rank(); ++i) all.add({{.mask = labels.stride(i)}, labels.size(i)});
    for_each_offset({}, all, [&](const Offsets& at) { segments.found.set(values[at.mask]); });
  }
  for (std::size_t label = 256; label-- > static_cast<std::size_t>(label_count);) {
    if (!segments.found[label]) continue;
    call.fail(Code::data, name, fmt::format("labels below {}", label_count), fmt::format("{}", label));
  }
  Dims strides;
  for (int i = 0; i < sizes.size(); ++i) strides.push_back(labels.size(i) == sizes[i] ? labels.stride(i) : 0);
  segments.labels = {labels.data(), DType::u8, sizes, strides};
  return segments;
}

void take_labels(Job& job, const ConstTensorView& labels) noexcept {
  job.mask = labels;
  job.leaves_masked = true;
  job.change_partitions([&](Partition& partition) {
    for (int i = 0; i < labels.rank(); ++i) partition.dims()[static_cast<std::size_t>(i)].mask = labels.stride(i);
  });
}

void count_label(const Job& of, double* counts, Context& context) {
  const CountElements merge(counts);
  Job job = of;
  job.statistic = Statistic::power;
  job.merge = &merge;
  job.derivative = nullptr;
  job.dgamma = job.dbeta = nullptr;
  job.maps = false;
  job.addition = {};
  job.gate = {};
  execute(job, context);
}

Saved saved_of_label(Call& call, const Saved& saved, std::int64_t label, const Dims& cells,
                     const Deviation& deviation) {
  Saved s{of_label(saved.mean, label), of_label(saved.rstd, label)};
  if (s.mean.present() && s.rstd.present()) return s;
  s.mean = {call.memory(cells.product()), DType::f64, cells};
  s.rstd = {call.memory(cells.product()), DType::f64, cells};
  if (!call.empty()) measure_again(call, Statistic::moments, Normalize(deviation, s.mean, s.rstd));
  return s;
}

void normalize_segments(Call& call, const SegmentOptions& o, const Dims& cells, const Saved& results) {
  const Segments segments = begin(call, o);
  Job& job = call.job();
  job.statistic = Statistic::moments;
  for (std::int64_t label = 0; label < o.label_count; ++label) {
    const Normalize merge(o.deviation, of_label(results.mean, label), of_label(results.rstd, label));
    if (has_pass(segments, label)) {
      job.label = static_cast<int>(label);
      job.merge = &merge;
      execute(job, call.context());
      job.addition = {};  // once
    } else if (!call.empty() && !call.context().explain_only) {
      for (std::int64_t cell = 0; cell < cells.product(); ++cell) merge(cell, {});
    }
  }
}

void normalize_segments_backward(Call& call, const SegmentOptions& o, const Dims& cells, const Saved& saved) {
  const Segments segments = begin(call, o);
  const Dims all = with_labels(cells, o.label_count);
  check_saved_operand(call, "mean", saved.mean, all);
  check_saved_operand(call, "rstd", saved.rstd, all);
  Job& job = call.job();
  job.statistic = Statistic::moments;
  for (std::int64_t label = 0; label < o.label_count; ++label) {
    if (!has_pass(segments, label)) continue;
    job.label = static_cast<int>(label);
    const Saved s = saved_of_label(call, saved, label, cells, o.deviation);
    const NormalizeDerivative derivative(o.deviation, s.mean, s.rstd);
    job.derivative = &derivative;
    execute(job, call.context());
    if (!smooth(job.gate.activation)) job.gate = {};  // once; a smooth one needs each label's own statistics
  }
  call.store_gradients();
}

}  // namespace poise
