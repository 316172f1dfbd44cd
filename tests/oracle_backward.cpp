// The backward oracles of batch, layer, RMS, instance and group norm, and the table of all backward oracles.

#include "oracle_backward_parts.h"

#include <utility>

namespace poise::test {
namespace oracle {
namespace {

Dims channels_of(const Parameters& p, int rank) {
  return p.channel_axes.empty() ? Dims{1} : positive(p.channel_axes, rank);
}

ExpectedGradients batch_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channels = channels_of(p, x.sizes.size());
  const Cells cells = without_masked(cells_keeping(x.sizes, channels), p);
  const Real eps = eps_or(p, 1e-5);
  const bool from_batch =
      p.mode == BatchNormMode::training || (p.mode == BatchNormMode::evaluation && !p.track_running);
  const auto slopes = from_batch ? measured(x, cells, p.divisor, eps, p.eps_place)
                                 : given(read(p.running_mean), read(p.running_var), eps, p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x.sizes, channels));
}

ExpectedGradients rows_backward(const Array& x, const Array& dy, const Parameters& p, bool centered) {
  const int rank = x.sizes.size();
  const Dims axes = positive(p.axes.empty() ? Dims{-1} : p.axes, rank);
  const Cells cells = without_masked(cells_keeping(x.sizes, other_axes(axes, rank)), p);
  const Real eps = eps_or(p, 1e-5);
  const auto slopes =
      centered ? measured(x, cells, p.divisor, eps, p.eps_place) : about_zero(x, cells, eps, p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x.sizes, axes));
}

ExpectedGradients layer_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  return rows_backward(x, dy, p, true);
}

ExpectedGradients rms_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  return rows_backward(x, dy, p, false);
}

ExpectedGradients instance_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channels = channels_of(p, x.sizes.size());
  const bool evaluation = p.mode != BatchNormMode::training && p.running_mean.present();
  const Real eps = eps_or(p, 1e-5);
  const Dims kept = evaluation ? channels : Dims{0, channels[0]};
  const Cells cells = by_label(without_masked(cells_keeping(x.sizes, kept), p), x.sizes, p.labels, p);
  const auto slopes = evaluation ? given(read(p.running_mean), read(p.running_var), eps, p.eps_place)
                                 : measured(x, cells, p.divisor, eps, p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x.sizes, channels));
}

ExpectedGradients group_norm_backward(const Array& x, const Array& dy, const Parameters& p) {
  const Dims channels = channels_of(p, x.sizes.size());
  Cells cells = without_masked(cells_keeping(x.sizes, {0, channels[0]}), p);
  const auto per_group = static_cast<std::size_t>(x.sizes[static_cast<int>(channels[0])] / p.groups);
  for (auto& key : cells.of) key /= per_group;
  cells.shape = {x.sizes[0], p.groups};
  const auto slopes = measured(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  return backward(x, dy, cells, slopes, operands(p, x.sizes, channels));
}

constexpr std::pair<std::string_view, BackwardOracle> oracle_table[] = {
    {"batch_norm", batch_norm_backward},
    {"sync_batch_norm", batch_norm_backward},
    {"layer_norm", layer_norm_backward},
    {"rms_norm", rms_norm_backward},
    {"instance_norm", instance_norm_backward},
    {"group_norm", group_norm_backward},
    {"local_response_norm", local_response_norm_backward},
    {"spectral_norm", spectral_norm_backward},
    {"mean_variance_norm", mean_variance_norm_backward},
    {"batch_renorm", batch_renorm_backward},
    {"ghost_batch_norm", ghost_batch_norm_backward},
    {"weight_standardization", weight_standardization_backward},
    {"weight_norm", weight_norm_backward},
    {"max_norm", max_norm_backward},
    {"lp_norm", lp_norm_backward},
    {"clip", clip_backward},
    {"filter_response_norm", filter_response_norm_backward},
    {"global_response_norm", global_response_norm_backward},
    {"adaptive_instance_norm", adaptive_instance_norm_backward},
};

}  // namespace
}  // namespace oracle

BackwardOracle backward_oracle_named(std::string_view technique) {
  for (const auto& [name, function] : oracle::oracle_table) {
    if (name == technique) return function;
  }
  return nullptr;
}

}  // namespace poise::test
