#pragma once

#include "techniques/normalize.h"

namespace poise {

// The mean and std that adaptive instance norm gives each cell, by cell; and of features the positions of a cell, of
// each where they differ.
struct Style {
  Values mean, std;
  double all_positions = 0;
  const double* positions = nullptr;

  void copy_to(const TensorView& to_mean, const TensorView& to_std) const noexcept;
};

// An operand of other positions than x but its samples and channels, as a job that keeps the same axes and writes `to`
// (absent: only measures).
Job style_job(const Call& call, const ConstTensorView& style, const TensorView& to, const Dims& axes);

// The style's statistics by its job.
void measure_style(Job job, double* means, double* stds, const Deviation& deviation, Context& context);

// Checks the style; whether it is a mean and a std, which are of the cells' shape.
bool style_is_given(const Call& call, const ConstTensorView& style, const ConstTensorView& mean,
                    const ConstTensorView& std, const Dims& axes, const Dims& cells);

Style checked_style(Call& call, const ConstTensorView& style, const ConstTensorView& mean, const ConstTensorView& std,
                    const Dims& axes, const Deviation& deviation);

// The style that the options give, measured where it is features.
template <class Options>
Style style_of(Call& call, const Options& o, const Dims& axes, const Deviation& deviation) {
  return checked_style(call, o.style, o.style_mean, o.style_std, axes, deviation);
}

// dstyle, when present, is of the style's type and shape and shares nothing with it, dy or dx.
void check_style_gradient(const Call& call, const TensorView& dstyle, const ConstTensorView& style);

// dstyle = dmean/n + dstd * (2/d) * (dstd/dvar) * (style - mean), cell by cell, by a job that writes it.
void style_gradient(Job job, const Style& of, const double* dmean, const double* dstd, const Deviation& deviation,
                    Context& context);

}  // namespace poise
