// The oracles of batch, layer, RMS, instance and group norm.

#include <cmath>

#include "oracle_parts.h"
#include "tolerance.h"

namespace poise::test::oracle {
namespace {

int channel_axis(const Parameters& p, int rank) {
  return p.channel_axes.empty() ? 1 : positive(static_cast<int>(p.channel_axes[0]), rank);
}

std::vector<CellAffine> measured(const Array& x, const Cells& cells, Divisor divisor, Real eps, EpsPlace place) {
  std::vector<CellAffine> affine;
  for (const Moment& m : moments(x, cells)) affine.push_back(normalizing(m, x.type, divisor, eps, place));
  return affine;
}

// mean and variance given: no sum grows, the coefficients' own roundings remain.
std::vector<CellAffine> given(const Array& mean, const Array& variance, Real eps, EpsPlace place) {
  std::vector<CellAffine> affine;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    affine.push_back({mean[c], 0, reciprocal_deviation(variance[c], eps, place), 0, growth_of_sums(0)});
  }
  return affine;
}

// new = (1 - momentum) * old + momentum * batch, for one running statistic.
Statistic average(ConstTensorView old, const Array& batch, const std::vector<Real>& batch_error, Real momentum) {
  Statistic result{test::read(old), {}};
  for (std::size_t c = 0; c < batch.size(); ++c) {
    const Real kept = (1 - momentum) * result.value[c];
    const Real added = momentum * batch[c];
    result.value[c] = kept + added;
    result.error.push_back(momentum * batch_error[c] + 4 * w * (std::fabs(kept) + std::fabs(added)));
  }
  return result;
}

struct Batch {
  Array mean, variance;
  std::vector<Real> mean_error, variance_error;
};

Batch batch_of(const std::vector<Moment>& m, DType x, const Cells& cells, Divisor divisor) {
  Batch b{Array(cells.shape), Array(cells.shape), {}, {}};
  for (std::size_t c = 0; c < m.size(); ++c) {
    b.mean[c] = m[c].mean();
    b.variance[c] = m[c].variance(divisor);
    const Real sd = std::sqrt(m[c].m2 / m[c].n);
    b.mean_error.push_back(center_error(x, m[c].n, sd, m[c].farthest) + w * std::fabs(b.mean[c]));
    b.variance_error.push_back(variance_error(x, m[c].n, sd, m[c].farthest) * b.variance[c]);
  }
  return b;
}

// The mean over samples of what was measured per sample and channel (N, C).
Batch mean_over_samples(const Batch& b, std::size_t samples, std::size_t channels) {
  const Dims shape{static_cast<std::int64_t>(channels)};
  Batch result{Array(shape), Array(shape), std::vector<Real>(channels), std::vector<Real>(channels)};
  const Real share = 1 / static_cast<Real>(samples);
  for (std::size_t i = 0; i < samples * channels; ++i) {
    const std::size_t c = i % channels;
    result.mean[c] += b.mean[i] * share;
    result.variance[c] += b.variance[i] * share;
    const Real g = growth_of_sums(static_cast<Real>(samples));
    result.mean_error[c] += share * (b.mean_error[i] + g * std::fabs(b.mean[i]));
    result.variance_error[c] += share * (b.variance_error[i] + g * b.variance[i]);
  }
  return result;
}

void give_running(Expected& e, const Parameters& p, const Batch& b) {
  const auto momentum = static_cast<Real>(p.momentum);
  if (p.running_mean.present()) e.results["running_mean"] = average(p.running_mean, b.mean, b.mean_error, momentum);
  if (p.running_var.present()) {
    e.results["running_var"] = average(p.running_var, b.variance, b.variance_error, momentum);
  }
}

}  // namespace

// y = gamma_c * (x - mean_c) * r(var_c) + beta_c, a cell is a channel of all samples.
Expected batch_norm(const Array& x, const Parameters& p) {
  const Dims channels = positive(p.channel_axes.empty() ? Dims{1} : p.channel_axes, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, channels, p);
  const Real eps = eps_or(p, 1e-5);
  const bool from_batch =
      p.mode == BatchNormMode::training || (p.mode == BatchNormMode::evaluation && !p.track_running);
  const auto affine = from_batch ? measured(x, cells, p.divisor, eps, p.eps_place)
                                 : given(read(p.running_mean), read(p.running_var), eps, p.eps_place);
  const Dims along_axes = gamma_axes(p, x.sizes.size(), channels);
  Expected e =
      apply(x, cells, affine, gamma_of(p, x.sizes, along_axes), along(p.beta, x.sizes, along_axes, 0), p.masked);
  give_mean_and_rstd(e, cells, affine);
  if (p.mode == BatchNormMode::training)
    give_running(e, p, batch_of(moments(x, cells), x.type, cells, p.running_divisor));
  return e;
}

// y = gamma * (x - mean) * r(var) + beta, a cell is a row over the reduced axes.
Expected layer_norm(const Array& x, const Parameters& p) {
  const int rank = x.sizes.size();
  const Dims axes = positive(p.axes.empty() ? Dims{-1} : p.axes, rank);
  const Dims along_axes = gamma_axes(p, rank, axes);
  const Cells cells = cells_keeping(x.sizes, other_axes(axes, rank), p);
  const auto affine = measured(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  Expected e =
      apply(x, cells, affine, gamma_of(p, x.sizes, along_axes), along(p.beta, x.sizes, along_axes, 0), p.masked);
  give_mean_and_rstd(e, cells, affine);
  return e;
}

// y = gamma * x * r(mean of x^2) + beta.
Expected rms_norm(const Array& x, const Parameters& p) {
  const int rank = x.sizes.size();
  const Dims axes = positive(p.axes.empty() ? Dims{-1} : p.axes, rank);
  const Dims along_axes = gamma_axes(p, rank, axes);
  const Cells cells = cells_keeping(x.sizes, other_axes(axes, rank), p);
  std::vector<CellAffine> affine;
  for (const Square& q : squares(x, cells)) {
    affine.push_back({0, 0, reciprocal_deviation(q.sum / q.n, eps_or(p, 1e-5), p.eps_place), 0, growth_of_sums(q.n)});
  }
  Expected e =
      apply(x, cells, affine, gamma_of(p, x.sizes, along_axes), along(p.beta, x.sizes, along_axes, 0), p.masked);
  give_mean_and_rstd(e, cells, affine);
  e.results.erase("mean");
  return e;
}

// y = gamma_c * (x - mean_nc) * r(var_nc) + beta_c, a cell is a channel of one sample.
Expected instance_norm(const Array& x, const Parameters& p) {
  const int channel = channel_axis(p, x.sizes.size());
  const Cells instances = cells_keeping(x.sizes, {0, channel}, p);
  const Real eps = eps_or(p, 1e-5);
  const bool evaluation = p.mode != BatchNormMode::training && p.running_mean.present();
  const Cells channels = cells_keeping(x.sizes, {channel}, p);
  const auto affine = evaluation ? given(read(p.running_mean), read(p.running_var), eps, p.eps_place)
                                 : measured(x, instances, p.divisor, eps, p.eps_place);
  const Dims along_axes = gamma_axes(p, x.sizes.size(), {channel});
  Expected e = apply(x, evaluation ? channels : instances, affine, gamma_of(p, x.sizes, along_axes),
                     along(p.beta, x.sizes, along_axes, 0), p.masked);
  if (!evaluation) give_mean_and_rstd(e, instances, affine);
  if (p.mode == BatchNormMode::training) {
    const Batch b = batch_of(moments(x, instances), x.type, instances, p.running_divisor);
    give_running(e, p, mean_over_samples(b, static_cast<std::size_t>(x.sizes[0]), channels.count()));
  }
  return e;
}

// y = gamma_c * (x - mean_ng) * r(var_ng) + beta_c, a cell is a sample's group of C/groups consecutive channels.
Expected group_norm(const Array& x, const Parameters& p) {
  const int channel = channel_axis(p, x.sizes.size());
  Cells cells = cells_keeping(x.sizes, {0, channel}, p);
  const auto per_group = static_cast<std::size_t>(x.sizes[channel] / p.groups);
  for (auto& key : cells.of) key /= per_group;
  cells.shape = {x.sizes[0], p.groups};
  const auto affine = measured(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  const Dims along_axes = gamma_axes(p, x.sizes.size(), {channel});
  Expected e =
      apply(x, cells, affine, gamma_of(p, x.sizes, along_axes), along(p.beta, x.sizes, along_axes, 0), p.masked);
  give_mean_and_rstd(e, cells, affine);
  return e;
}

}  // namespace poise::test::oracle
