// Local response normalization. Krizhevsky, Sutskever, Hinton 2012, ImageNet classification with deep convolutional
// neural networks.
//
//     y = x * (k + a * sum of x^2 over the window)^-exponent      a = alpha or alpha / taps of a whole window
//     dx_j = dy_j * B_j^-e - 2*a*e*x_j * sum of dy_i * x_i * B_i^(-e-1) over the mirrored window
//
// x, y: (N, C, ...), the window over C or over all axes but N and C   kept for backward: nothing, B is measured again
// Of an even window the mirrored one is another: what lies before a center has its center behind it.

#include <poise/local_response_norm.h>

#include <fmt/format.h>

#include <cmath>

#include "schedule/local_response.h"
#include "techniques/describe.h"
#include "techniques/local_response.h"

namespace poise {
namespace {

constexpr const char* name = "local_response_norm";

void check_not_negative(const Call& call, const char* operand, double value) {
  if (value >= 0 && std::isfinite(value)) return;
  call.fail(Code::usage, operand, "a finite number of at least 0", fmt::format("{}", value));
}

void run(Call& call, const LocalResponseNormOptions& o) {
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  if (o.size < 1) call.fail(Code::usage, "size", "at least 1", fmt::format("{}", o.size));
  check_not_negative(call, "alpha", o.alpha);
  check_not_negative(call, "exponent", o.exponent);
  check_not_negative(call, "k", o.k);
  LocalResponseJob job{.job = call.job(), .alpha = o.alpha, .k = o.k, .exponent = o.exponent};
  job.after = o.extra_tap == ExtraTap::after ? o.size / 2 : (o.size - 1) / 2;
  job.before = o.size - 1 - job.after;
  for (int axis = 0; axis < call.rank(); ++axis) {
    Dim& dim = job.job.partition.dims()[static_cast<std::size_t>(axis)];
    const bool in_window = o.region == Region::across ? axis == axes[1] : axis != 0 && axis != axes[1];
    if (!in_window) continue;
    dim.role = Role::cell;
    dim.cell = 1;
    if (o.alpha_scaled) job.alpha /= static_cast<double>(o.size);
  }
  if (job.job.y.present()) execute(job, call.context());
}

}  // namespace

void local_response_norm(TensorView y, ConstTensorView x, const LocalResponseNormOptions& o, Context& context) {
  Call call(name, y, x, context);
  run(call, o);
}

void local_response_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView x,
                                  const LocalResponseNormOptions& o, Context& context) {
  Call call(name, gradients.dx, dy, x, context);
  if (gradients.dgamma.present()) call.fail(Code::usage, "dgamma", "none", "a tensor");
  if (gradients.dbeta.present()) call.fail(Code::usage, "dbeta", "none", "a tensor");
  run(call, o);
}

namespace {

constexpr const Parameter* parameters[] = {
    &describe::region,   &describe::size, &describe::extra_tap,       &describe::alpha,       &describe::alpha_scaled,
    &describe::exponent, &describe::k,    &describe::response_preset, &describe::channel_axis};
constexpr const char* gradients[] = {"dx"};

}  // namespace

extern const Technique local_response_norm_technique;  // the table names it
const Technique local_response_norm_technique = {
    .name = name,
    .title = "Local response normalization",
    .formula = "y = x * (k + a * sum of x^2 over a window of channels or positions)^-exponent",
    .paper = "Krizhevsky, Sutskever, Hinton 2012, ImageNet classification with deep convolutional neural networks",
    .cell = "a window around each element",
    .use = "networks of AlexNet's time that were trained with it",
    .beware = "frameworks differ in alpha's scale, in k, and in where an even window's extra tap lies",
    .parameters = parameters,
    .results = {},
    .shape_of = [](std::string_view operand, const Dims&, const Parameters&) { return shape_among(name, operand, {}); },
    .run = [](TensorView y, ConstTensorView x, const Parameters& p, const Results&,
              Context& context) { local_response_norm(y, x, local_response_options(p), context); },
    .gradients = gradients,
    .run_backward =
        [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const Parameters& p, const Results&,
           Context& context) { local_response_norm_backward(g, dy, x, local_response_options(p), context); }};

}  // namespace poise
