#include "techniques/style.h"

#include <algorithm>

#include "core/overlap.h"
#include "schedule/execute.h"
#include "techniques/backward.h"

namespace poise {
namespace {

class MeasureStyle final : public Merge {
 public:
  MeasureStyle(const Deviation& deviation, double* mean, double* std) noexcept
      : deviation_(deviation), mean_(mean), std_(std) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    const double r = deviation_.reciprocal(m);
    mean_[cell] = m.mean;
    std_[cell] = r == 0 ? 0 : 1 / r;
    return {};
  }

 private:
  Deviation deviation_;
  double *mean_, *std_;
};

class StyleGradient final : public Merge {
 public:
  StyleGradient(const Style& of, const double* dmean, const double* dstd, const Deviation& deviation) noexcept
      : of_(of), dmean_(dmean), dstd_(dstd), deviation_(deviation) {}
  // std = 1/r, so 2 dstd/dvar = -(2r'/r) / r.
  CellAffine operator()(std::int64_t cell, const Measured&) const noexcept override {
    const double std = of_.std.get(cell), r = std == 0 ? 0 : 1 / std;
    const double slope = r == 0 ? 0 : -twice_slope(r, deviation_.eps, deviation_.place) / r;
    const double n = of_.positions == nullptr ? of_.all_positions : of_.positions[cell];
    const double d = deviation_.divisor == Divisor::sample ? n - 1 : n;
    return {of_.mean.get(cell), 0, d > 0 ? dstd_[cell] * slope / d : 0, n > 0 ? dmean_[cell] / n : 0};
  }

 private:
  Style of_;
  const double *dmean_, *dstd_;
  Deviation deviation_;
};

void check_features(const Call& call, const ConstTensorView& style, const Dims& axes) {
  Dims sizes = style.sizes();
  const bool fits = style.rank() == call.rank();
  for (const std::int64_t a : axes)
    if (fits) sizes[static_cast<int>(a)] = call.size(static_cast<int>(a));
  if (!fits || !(sizes == style.sizes())) {
    call.fail(Code::shape, "style", "x's rank, samples and channels", style.sizes().str());
  }
  if (style.elements() <= call.sizes_of(axes).product() && style.elements() > 0) {
    call.fail(Code::shape, "style", "more than one value per sample and channel", "1");
  }
  if (style.elements() == 0 && !call.empty()) call.fail(Code::shape, "style", "at least one position", "none");
  call.operand("style", style, style.sizes());
}

}  // namespace

void Style::copy_to(const TensorView& to_mean, const TensorView& to_std) const noexcept {
  for (const auto& [from, view] : {std::pair{mean, to_mean}, std::pair{std, to_std}}) {
    const Values to(view);
    for (std::int64_t i = 0; view.present() && i < to.count(); ++i) to.set(i, from.get(i));
  }
}

Job style_job(const Call& call, const ConstTensorView& style, const TensorView& to, const Dims& axes) {
  Job job;
  job.technique = "adaptive_instance_norm";
  job.x = style;
  job.y = to;
  job.maps = to.present();
  for (int i = 0; i < style.rank(); ++i) {
    const std::int64_t x = style.stride(i);
    job.partition.add({{.x = x, .y = to.present() ? to.stride(i) : x, .dy = x, .z = x}, style.size(i)});
  }
  const Dims strides = contiguous_strides(call.sizes_of(axes));
  for (int i = 0; i < axes.size(); ++i) {
    Dim& dim = job.partition.dims()[static_cast<std::size_t>(axes[i])];
    dim.role = Role::cell;
    dim.cell = strides[i];
  }
  return job;
}

Style checked_style(Call& call, const ConstTensorView& style, const ConstTensorView& mean, const ConstTensorView& std,
                    const Dims& axes, const Deviation& deviation) {
  const Dims cells = call.sizes_of(axes);
  if (style_is_given(call, style, mean, std, axes, cells)) return {Values(mean), Values(std)};
  double *means = call.memory(cells.product()), *stds = call.memory(cells.product());
  std::fill_n(means, cells.product(), 0.0);
  std::fill_n(stds, cells.product(), 0.0);
  const std::int64_t positions = style.elements() / std::max<std::int64_t>(1, cells.product());
  const Style of{Values(TensorView(means, DType::f64, cells)), Values(TensorView(stds, DType::f64, cells)),
                 static_cast<double>(positions)};
  if (style.elements() > 0) measure_style(style_job(call, style, {}, axes), means, stds, deviation, call.context());
  return of;
}

void measure_style(Job job, double* means, double* stds, const Deviation& deviation, Context& context) {
  const MeasureStyle merge(deviation, means, stds);
  job.statistic = Statistic::moments;
  job.merge = &merge;
  execute(job, context);
}

bool style_is_given(const Call& call, const ConstTensorView& style, const ConstTensorView& mean,
                    const ConstTensorView& std, const Dims& axes, const Dims& cells) {
  call.operand("style_mean", mean, cells);
  call.operand("style_std", std, cells);
  const bool given = mean.present() || std.present();
  if (given && !(mean.present() && std.present())) {
    call.fail(Code::usage, "style_mean, style_std", "both", "one");
  }
  if (given == style.present()) {
    call.fail(Code::usage, "style", "features, or their style_mean and style_std", given ? "both" : "neither");
  }
  if (!given) check_features(call, style, axes);
  return given;
}

void check_style_gradient(const Call& call, const TensorView& dstyle, const ConstTensorView& style) {
  if (!dstyle.present()) return;
  if (!style.present()) call.fail(Code::usage, "dstyle", "none where the style is a mean and a std", "one");
  call.result("dstyle", dstyle, style.sizes(), style.dtype());
  if (share_memory(dstyle, style)) call.fail(Code::refused, "dstyle", "memory of its own", "the style's");
}

void style_gradient(Job job, const Style& of, const double* dmean, const double* dstd, const Deviation& deviation,
                    Context& context) {
  const StyleGradient merge(of, dmean, dstd, deviation);
  job.merge = &merge;
  if (job.x.elements() > 0) execute(job, context);
}

}  // namespace poise
