// The table's rows of batch norm, and of synchronized batch norm over one rank.

#include <poise/sync_batch_norm.h>
#include <poise/technique.h>

#include "techniques/affine.h"
#include "techniques/describe.h"
#include "techniques/running.h"

namespace poise {
namespace {

BatchNormOptions options_of(const Parameters& p) {
  BatchNormOptions o{.mode = p.mode,
                     .gamma = p.gamma,
                     .beta = p.beta,
                     .gamma_axes = p.gamma_axes,
                     .gamma_offset = p.gamma_offset,
                     .mask = mask_of(p),
                     .epilogue = epilogue_of(p)};
  take_running(o, p);
  o.eps_place = p.eps_place;
  o.divisor = p.divisor;
  o.track_running = p.track_running;
  o.one_value = p.one_value;
  o.non_finite = p.non_finite;
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axes = p.channel_axes;
  return o;
}

namespace d = describe;
constexpr const Parameter* parameters[] = {&d::gamma,
                                           &d::beta,
                                           &d::gamma_axes_or_channels,
                                           &d::gamma_offset,
                                           &d::mask,
                                           &d::lengths,
                                           &d::length_axis,
                                           &d::non_finite,
                                           &d::activation,
                                           &d::slope,
                                           &d::residual,
                                           &d::residual_after,
                                           &d::y,
                                           &d::masked,
                                           &d::one_value,
                                           &d::eps,
                                           &d::eps_place,
                                           &d::divisor,
                                           &d::mode,
                                           &d::channel_axes,
                                           &d::running_mean,
                                           &d::running_var,
                                           &d::momentum,
                                           &d::running_divisor,
                                           &d::track_running};
constexpr const char* gradients[] = {"dx", "dgamma", "dbeta"};
constexpr const char* results[] = {"mean", "rstd", "running_mean", "running_var"};

Dims shape(const char* technique, std::string_view operand, const Dims& x, const Parameters& p) {
  const BatchNormOptions o = options_of(p);
  const Dims axes = front_axes(technique, "channel_axes", o.channel_axes, x.size());
  return shape_among(technique, operand,
                     {{"gamma beta", gamma_shape(o, technique, x, axes)},
                      {"running_mean running_var mean rstd", sizes_at(x, axes)},
                      {"mask residual residual_after y", x}});
}

}  // namespace

extern const Technique batch_norm_technique;  // the table names it
const Technique batch_norm_technique = {
    .name = "batch_norm",
    .title = "Batch normalization",
    .formula = "y = gamma_c * (x - mean_c) * r(var_c) + beta_c",
    .paper = "Ioffe, Szegedy 2015, arXiv:1502.03167",
    .cell = "a channel of all samples",
    .use = "convolutional and fully connected networks trained with batches of 16 and more",
    .beware = "small or varying batches, recurrent nets; training and evaluation differ",
    .parameters = parameters,
    .results = results,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return shape("batch_norm", operand, x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          batch_norm(y, x, options_of(p), {r.mean, r.rstd, r.running_mean, r.running_var, r.non_finite}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          batch_norm_backward(g, dy, x, {s.mean, s.rstd}, options_of(p), context);
        }};

extern const Technique sync_batch_norm_technique;  // the table names it
const Technique sync_batch_norm_technique = {
    .name = "sync_batch_norm",
    .title = "Synchronized batch normalization",
    .formula = "y = gamma_c * (x - mean_c) * r(var_c) + beta_c",
    .paper = "Ioffe, Szegedy 2015, arXiv:1502.03167",
    .cell = "a channel of all samples of all ranks",
    .use = "batch norm where each rank holds few samples: detection, segmentation, large images",
    .beware = "every rank must make each call; the command runs one rank",
    .parameters = parameters,
    .results = results,
    .shape_of = [](std::string_view operand, const Dims& x,
                   const Parameters& p) { return shape("sync_batch_norm", operand, x, p); },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          sync_batch_norm(y, x, single_process(), options_of(p),
                          {r.mean, r.rstd, r.running_mean, r.running_var, r.non_finite}, context);
        },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results& s,
           Context& context) {
          sync_batch_norm_backward(g, dy, x, single_process(), {s.mean, s.rstd}, options_of(p), context);
        }};

}  // namespace poise
