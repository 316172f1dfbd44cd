#include "techniques/adaptive_segments.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/overlap.h"
#include "techniques/segments.h"

namespace poise {
namespace {

// x and its style, by label. Everything that can be wrong is found in the constructor.
class Segmented {
 public:
  Segmented(Call& call, const AdaptiveInstanceNormOptions& o, const Dims& axes)
      : call_(call), o_(o), axes_(axes), cells_(call.sizes_of(axes)) {
    Job& job = call.job();
    check_label_count(call, o.label_count);
    given_ = style_is_given(call, o.style, o.style_mean, o.style_std, axes, with_labels(cells_, o.label_count));
    own_ = segments_of(call, "labels", o.labels, o.label_count, job.x.sizes());
    if (!given_) style_ = segments_of(call, "style_labels", o.style_labels, o.label_count, o.style.sizes());
    if (job.maps && (share_memory(o.labels, job.y) || share_memory(o.style_labels, job.y))) {
      call.fail(Code::refused, "labels", "memory of its own", "a view that shares elements with the output");
    }
    take_labels(job, own_.labels);
    found_ = own_.found | style_.found;
    if (found_.none()) found_.set(0);  // so that there is a plan
    for (double** room : {&means_, &stds_, &positions_}) *room = call.memory(cells_.product());
    for (std::int64_t label = 0; label < o.label_count; ++label)
      if (own_.found[static_cast<std::size_t>(label)]) check(label);
  }

  const Dims& cells() const noexcept { return cells_; }
  // Whether there is a pass: other labels have no element anywhere.
  bool found(std::int64_t label) const noexcept { return found_[static_cast<std::size_t>(label)]; }

  // Makes the job that of this label, and gives its style.
  Style take(std::int64_t label) {
    call_.job().label = static_cast<int>(label);
    if (given_) return {Values(of_label(o_.style_mean, label)), Values(of_label(o_.style_std, label))};
    fill_absent();
    if (found(label) && o_.style.elements() > 0) {
      measure_style(style_job_of(label, {}), means_, stds_, deviation_of(o_), call_.context());
    }
    return {Values(TensorView(means_, DType::f64, cells_)), Values(TensorView(stds_, DType::f64, cells_)), 0,
            positions_};
  }

  void write_gradient(const TensorView& dstyle, const Style& style, std::int64_t label, const double* dmean,
                      const double* dstd) {
    const Job job = style_job_of(label, dstyle);
    count_label(job, positions_, call_.context());
    style_gradient(job, style, dmean, dstd, deviation_of(o_), call_.context());
  }

  const TensorView& checked(const TensorView& dstyle) const {
    check_style_gradient(call_, dstyle, o_.style);
    if (dstyle.present() && share_memory(o_.style_labels, dstyle)) {
      call_.fail(Code::refused, "style_labels", "memory of its own", "a view that shares elements with dstyle");
    }
    return dstyle;
  }

 private:
  // Every sample and channel that has the label has more than one value of it, and so has its style.
  void check(std::int64_t label) {
    if (call_.empty() || call_.context().explain_only) return;
    call_.job().label = static_cast<int>(label);
    double* own = stds_;
    count_label(call_.job(), own, call_.context());
    if (!given_) count_label(style_job_of(label, {}), positions_, call_.context());
    const auto expected = [&](const char* what) { return fmt::format("more than one {} of label {}", what, label); };
    for (std::int64_t cell = 0; cell < cells_.product(); ++cell) {
      if (own[cell] == 1) call_.fail(Code::shape, "x", expected("value per sample and channel"), "1");
      if (given_ || own[cell] == 0 || positions_[cell] > 1) continue;
      const std::string where = fmt::format("value in sample {}, channel {}", cell / cells_[1], cell % cells_[1]);
      call_.fail(Code::data, "style", expected(where.c_str()), fmt::format("{}", positions_[cell]));
    }
  }

  Job style_job_of(std::int64_t label, const TensorView& to) const {
    Job job = style_job(call_, o_.style, to, axes_);
    take_labels(job, style_.labels);
    job.label = static_cast<int>(label);
    return job;
  }

  // What no element gives: mean 0, variance 0.
  void fill_absent() noexcept {
    const double r = deviation_of(o_).reciprocal({});
    std::fill_n(means_, cells_.product(), 0.0);
    std::fill_n(stds_, cells_.product(), r == 0 ? 0 : 1 / r);
  }

  Call& call_;
  const AdaptiveInstanceNormOptions& o_;
  Dims axes_, cells_;
  bool given_ = false;
  Segments own_, style_;
  std::bitset<256> found_;
  double *means_ = nullptr, *stds_ = nullptr, *positions_ = nullptr;
};

}  // namespace

bool has_labels(const Call& call, const AdaptiveInstanceNormOptions& o) {
  const bool wanted = o.labels.present(), features = o.style.present();
  if (wanted && features && !o.style_labels.present())
    call.fail(Code::usage, "style_labels", "one with labels", "none");
  if (o.style_labels.present() && !(wanted && features)) {
    call.fail(Code::usage, "style_labels", "none without labels and a style of features", "one");
  }
  return wanted;
}

void adapt_segments(Call& call, const AdaptiveInstanceNormOptions& o, const Dims& axes,
                    const AdaptiveInstanceNormResults& r) {
  const Dims all = with_labels(call.sizes_of(axes), std::clamp<std::int64_t>(o.label_count, 1, 256));
  check_saved(call, r, all);
  call.result("style_mean", r.style_mean, all, DType::f64, {r.style_std, r.mean, r.rstd, o.style});
  call.result("style_std", r.style_std, all, DType::f64, {r.style_mean, r.mean, r.rstd, o.style});
  Segmented segments(call, o, axes);
  Job& job = call.job();
  job.statistic = Statistic::moments;
  for (std::int64_t label = 0; label < o.label_count; ++label) {
    if (call.context().explain_only && !segments.found(label)) continue;
    const Style style = segments.take(label);
    const Normalize normalize(deviation_of(o), of_label(r.mean, label), of_label(r.rstd, label));
    const Adapt merge(normalize, style, o.alpha);
    job.merge = &merge;
    if (segments.found(label)) {
      execute(job, call.context());
    } else if (!call.empty()) {
      for (std::int64_t cell = 0; cell < segments.cells().product(); ++cell) merge(cell, {});
    }
    if (!call.context().explain_only) style.copy_to(of_label(r.style_mean, label), of_label(r.style_std, label));
  }
}

void adapt_segments_backward(Call& call, const Gradients& g, const AdaptiveInstanceNormOptions& o, const Dims& axes,
                             const Saved& saved) {
  const Dims all = with_labels(call.sizes_of(axes), std::clamp<std::int64_t>(o.label_count, 1, 256));
  call.gradient("dstyle_mean", g.dstyle_mean, all, g.dstyle_std);
  call.gradient("dstyle_std", g.dstyle_std, all, g.dstyle_mean);
  check_saved_operand(call, "mean", saved.mean, all);
  check_saved_operand(call, "rstd", saved.rstd, all);
  Segmented segments(call, o, axes);
  const TensorView dstyle = segments.checked(g.dstyle);
  const std::int64_t cells = segments.cells().product();
  double *dmean = call.memory(cells), *dstd = call.memory(cells);
  Job& job = call.job();
  job.statistic = Statistic::moments;
  for (std::int64_t label = 0; label < o.label_count; ++label) {
    std::fill_n(dmean, cells, 0.0);
    std::fill_n(dstd, cells, 0.0);
    if (segments.found(label)) {
      const Style style = segments.take(label);
      const Saved s = saved_of_label(call, saved, label, segments.cells(), deviation_of(o));
      const AdaptDerivative derivative(deviation_of(o), s, style, o.alpha, dmean, dstd);
      job.derivative = &derivative;
      execute(job, call.context());
      if (dstyle.present() && !call.context().explain_only) segments.write_gradient(dstyle, style, label, dmean, dstd);
    }
    if (call.context().explain_only) continue;
    Values(of_label(g.dstyle_mean, label)).set_all(dmean);
    Values(of_label(g.dstyle_std, label)).set_all(dstd);
  }
}

}  // namespace poise
