// The oracles of batch, layer, RMS, instance and group norm.

#include <cmath>

#include "oracle_parts.h"
#include "oracle_running.h"
#include "tolerance.h"

namespace poise::test::oracle {
namespace {

// mean and variance given: no sum grows, the coefficients' own roundings remain.
std::vector<CellAffine> given(const Array& mean, const Array& variance, Real eps, EpsPlace place) {
  std::vector<CellAffine> affine;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    affine.push_back({mean[c], 0, reciprocal_deviation(variance[c], eps, place), 0, growth_of_sums(0)});
  }
  return affine;
}

}  // namespace

// y = gamma_c * (x - mean_c) * r(var_c) + beta_c, a cell is a channel of all samples.
Expected batch_norm(const Array& x, const Parameters& p) {
  const Dims channels = positive(p.channel_axes.empty() ? Dims{1} : p.channel_axes, x.sizes.size());
  const Cells cells = without_masked(cells_keeping(x.sizes, channels), p);
  const Real eps = eps_or(p, 1e-5);
  const bool from_batch =
      p.mode == BatchNormMode::training || (p.mode == BatchNormMode::evaluation && !p.track_running);
  const auto affine = from_batch ? normalizing(x, cells, p.divisor, eps, p.eps_place)
                                 : given(read(p.running_mean), read(p.running_var), eps, p.eps_place);
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, channels), beta_of(p, x.sizes, channels));
  give_mean_and_rstd(e, cells, affine);
  if (p.mode == BatchNormMode::training) give_running(e, p, batch_of(x, cells, p));
  return e;
}

// y = gamma * (x - mean) * r(var) + beta, a cell is a row over the reduced axes.
Expected layer_norm(const Array& x, const Parameters& p) {
  const int rank = x.sizes.size();
  const Dims axes = positive(p.axes.empty() ? Dims{-1} : p.axes, rank);
  const Cells cells = without_masked(cells_keeping(x.sizes, other_axes(axes, rank)), p);
  const auto affine = normalizing(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, axes), beta_of(p, x.sizes, axes));
  give_mean_and_rstd(e, cells, affine);
  return e;
}

// y = gamma * x * r(mean of x^2) + beta.
Expected rms_norm(const Array& x, const Parameters& p) {
  const int rank = x.sizes.size();
  const Dims axes = positive(p.axes.empty() ? Dims{-1} : p.axes, rank);
  const Cells cells = without_masked(cells_keeping(x.sizes, other_axes(axes, rank)), p);
  std::vector<CellAffine> affine;
  for (const Square& s : squares(x, cells)) {
    const Real q = s.n > 0 ? s.sum / s.n : 0;
    affine.push_back({0, 0, reciprocal_deviation(q, eps_or(p, 1e-5), p.eps_place), 0, growth_of_sums(x.type, s.n)});
  }
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, axes), beta_of(p, x.sizes, axes));
  give_mean_and_rstd(e, cells, affine);
  e.results.erase("mean");
  return e;
}

// y = gamma_c * (x - mean_nc) * r(var_nc) + beta_c, a cell is a channel of one sample.
Expected instance_norm(const Array& x, const Parameters& p) {
  const int channel = channel_axis(p, x.sizes.size());
  const Cells instances = by_label(without_masked(cells_keeping(x.sizes, {0, channel}), p), x.sizes, p.labels, p);
  const Real eps = eps_or(p, 1e-5);
  const bool evaluation = p.mode != BatchNormMode::training && p.running_mean.present();
  const Cells channels = without_masked(cells_keeping(x.sizes, {channel}), p);
  const auto affine = evaluation ? given(read(p.running_mean), read(p.running_var), eps, p.eps_place)
                                 : normalizing(x, instances, p.divisor, eps, p.eps_place);
  Expected e = apply(x, evaluation ? channels : instances, affine, gamma_of(p, x.sizes, {channel}),
                     beta_of(p, x.sizes, {channel}));
  if (!evaluation) give_mean_and_rstd(e, instances, affine);
  if (p.mode == BatchNormMode::training) {
    const Batch b = batch_of(x, instances, p);
    give_running(e, p, mean_over_samples(b, static_cast<std::size_t>(x.sizes[0]), channels.count()));
  }
  return e;
}

// y = gamma_c * (x - mean_ng) * r(var_ng) + beta_c, a cell is a sample's group of C/groups consecutive channels.
Expected group_norm(const Array& x, const Parameters& p) {
  const int channel = channel_axis(p, x.sizes.size());
  Cells cells = without_masked(cells_keeping(x.sizes, {0, channel}), p);
  const auto per_group = static_cast<std::size_t>(x.sizes[channel] / p.groups);
  for (auto& key : cells.of) key /= per_group;
  cells.shape = {x.sizes[0], p.groups};
  const auto affine = normalizing(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, {channel}), beta_of(p, x.sizes, {channel}));
  give_mean_and_rstd(e, cells, affine);
  return e;
}

}  // namespace poise::test::oracle
