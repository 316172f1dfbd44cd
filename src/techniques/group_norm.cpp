// Group normalization. Wu, He 2018, arXiv:1803.08494.
//
//     y = gamma_c * (x - mean_ng) * r(var_ng) + beta_c
//
// x, y: (N, C, ...)   gamma, beta (C)   kept for backward: mean, rstd (N, groups)
// A cell is one sample's group of C/groups channels; a unit is one channel of it.

#include <poise/group_norm.h>

#include <fmt/format.h>

#include "schedule/execute.h"
#include "techniques/describe.h"
#include "techniques/normalize.h"

namespace poise {
namespace {

// The channel axis becomes two dims: which group (cells), and which channel of it (units of the cell).
void split_channels(Partition& partition, int channel_axis, std::int64_t groups) noexcept {
  Dim& group = partition.dims()[static_cast<std::size_t>(channel_axis)];
  Dim channel = group;
  channel.size = group.size / groups;
  channel.role = Role::merged;
  for (std::int64_t Dim::*stride : {&Dim::x, &Dim::y, &Dim::gamma, &Dim::beta}) group.*stride *= channel.size;
  group.size = groups;
  group.role = Role::cell;
  group.cell = 1;
  partition.add(channel);
}

}  // namespace

void group_norm(TensorView y, ConstTensorView x, const GroupNormOptions& o, const GroupNormResults& r,
                Context& context) {
  Call call("group_norm", y, x, context);
  const Dims axes = call.axes("channel_axis", {0, o.channel_axis});
  const auto channel_axis = static_cast<int>(axes[1]);
  const std::int64_t channels = call.size(channel_axis);
  if (o.groups < 1 || o.groups > channels || channels % o.groups != 0) {
    call.fail(Code::shape, "groups", fmt::format("a divisor of {} channels", channels), fmt::format("{}", o.groups));
  }
  call.affine(o.gamma, o.beta, {axes[1]});
  call.eps(o.eps);
  const Dims cells = {call.size(0), o.groups};
  check_saved(call, r, cells);
  Job& job = call.job();
  Dim& sample = job.partition.dims()[0];
  sample.role = Role::cell;
  sample.cell = o.groups;
  split_channels(job.partition, channel_axis, o.groups);
  if (call.elements_a_cell() == 1 && !call.empty()) call.fail(Code::shape, "x", "more than one value per group", "1");
  const Normalize merge({o.eps, o.eps_place, o.divisor}, r.mean, r.rstd);
  job.statistic = Statistic::moments;
  job.merge = &merge;
  execute(job, context);
}

namespace {

GroupNormOptions options_of(const Parameters& p) {
  GroupNormOptions o{
      .groups = p.groups, .gamma = p.gamma, .beta = p.beta, .eps_place = p.eps_place, .divisor = p.divisor};
  if (p.eps >= 0) o.eps = p.eps;
  if (!p.channel_axes.empty()) o.channel_axis = static_cast<int>(p.channel_axes[0]);
  return o;
}

constexpr const Parameter* parameters[] = {&describe::gamma,       &describe::beta,    &describe::eps,
                                           &describe::eps_place,   &describe::divisor, &describe::groups,
                                           &describe::channel_axis};
constexpr const char* results[] = {"mean", "rstd"};

}  // namespace

extern const Technique group_norm_technique;  // the table names it
const Technique group_norm_technique = {
    .name = "group_norm",
    .title = "Group normalization",
    .formula = "y = gamma_c * (x - mean_ng) * r(var_ng) + beta_c",
    .paper = "Wu, He 2018, arXiv:1803.08494",
    .cell = "one sample's group of C/groups channels",
    .use = "convolutional networks with small batches: detection, segmentation, video, diffusion",
    .beware = "groups must divide the channels; few channels a group approach instance norm",
    .parameters = parameters,
    .results = results,
    .shape_of =
        [](std::string_view operand, const Dims& x, const Parameters& p) {
          const GroupNormOptions o = options_of(p);
          const Dims axes = front_axes("group_norm", "channel_axis", {0, o.channel_axis}, x.size());
          return shape_among("group_norm", operand,
                             {{"gamma beta", sizes_at(x, {axes[1]})}, {"mean rstd", {x[0], o.groups}}});
        },
    .run =
        [](TensorView y, ConstTensorView x, const Parameters& p, const Results& r, Context& context) {
          group_norm(y, x, options_of(p), {r.mean, r.rstd}, context);
        }};

}  // namespace poise
