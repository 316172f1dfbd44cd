// Root mean square layer normalization. Zhang, Sennrich 2019, arXiv:1910.07467.
//
//     y = gamma * x * r(q) + beta      q = mean of x^2
//
// x, y: any shape   gamma, beta (gamma axes)   kept for backward: rstd (kept axes)
// A cell is a row: all indices of the reduced axes.

#include <poise/rms_norm.h>

#include "schedule/execute.h"
#include "techniques/describe.h"
#include "techniques/normalize.h"
#include "techniques/row_axes.h"

namespace poise {
namespace {

class RmsMerge final : public Merge {
 public:
  RmsMerge(const RmsNormOptions& options, const TensorView& rstd) noexcept
      : deviation_{options.eps, options.eps_place, Divisor::population}, rstd_(rstd) {}

  CellAffine operator()(std::int64_t row, const Measured& m) const noexcept override {
    const double r = deviation_.reciprocal(m);
    rstd_.set(row, r);
    return {0, 0, r, 0};
  }

 private:
  Deviation deviation_;
  Values rstd_;
};

}  // namespace

void rms_norm(TensorView y, ConstTensorView x, const RmsNormOptions& o, const RmsNormResults& r, Context& context) {
  Call call("rms_norm", y, x, context);
  const RowAxes axes = row_axes(call, o.axes, o.gamma_axes);
  call.keep(axes.kept);
  call.affine(o.gamma, o.beta, axes.gamma);
  call.eps(o.eps);
  call.result("rstd", r.rstd, call.sizes_of(axes.kept), DType::f64);
  const RmsMerge merge(o, r.rstd);
  Job& job = call.job();
  job.statistic = Statistic::power;
  job.samples_are_cells = true;
  job.merge = &merge;
  execute(job, context);
}

namespace {

RmsNormOptions options_of(const Parameters& p) {
  RmsNormOptions o{.gamma_axes = p.gamma_axes, .gamma = p.gamma, .beta = p.beta, .eps_place = p.eps_place};
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.axes.empty()) o.axes = p.axes;
  return o;
}

constexpr const Parameter* parameters[] = {&describe::gamma,     &describe::beta, &describe::eps,
                                           &describe::eps_place, &describe::axes, &describe::gamma_axes};
constexpr const char* results[] = {"rstd"};

}  // namespace

extern const Technique rms_norm_technique;  // the table names it
const Technique rms_norm_technique = {
    .name = "rms_norm",
    .title = "Root mean square normalization",
    .formula = "y = gamma * x * r(mean of x^2) + beta",
    .paper = "Zhang, Sennrich 2019, arXiv:1910.07467",
    .cell = "a row: all indices of the reduced axes",
    .use = "large transformers: layer norm without its mean",
    .beware = "frameworks differ in eps and in when they round; x is not centered",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const RmsNormOptions o = options_of(p);
          return row_shape("rms_norm", operand == "mean" ? "" : operand, x, o.axes, o.gamma_axes);
        },
    .run = [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r,
              Context& context) { rms_norm(y, x, options_of(p), {r.rstd}, context); }};

}  // namespace poise
