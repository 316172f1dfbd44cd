// The oracles of mean-variance norm, batch renormalization, ghost batch norm, global response norm and adaptive
// instance norm. Where a coefficient is a product or a quotient of a few float64 values, growth_of_sums(0) covers its
// roundings.

#include "oracle_derived.h"

#include <algorithm>
#include <cmath>

#include "oracle_running.h"
#include "tolerance.h"

namespace poise::test::oracle {

Center mean_variance_options(const Parameters& p) {
  // ONNX's place, outside, is the default where neither eps nor place is said.
  const bool said = p.eps >= 0 || p.eps_place != EpsPlace::inside;
  return {eps_or(p, 1e-9), said ? p.eps_place : EpsPlace::outside, p.divisor};
}

Cells mean_variance_cells(const Dims& sizes, const Parameters& p) {
  const Dims axes = positive(p.axes.empty() ? Dims{0, 2, 3} : p.axes, sizes.size());
  return cells_keeping(sizes, other_axes(axes, sizes.size()));
}

// y = (x - mean) * r(var), or x - mean.
Expected mean_variance_norm(const Array& x, const Parameters& p) {
  const Cells cells = mean_variance_cells(x.sizes, p);
  const Center o = mean_variance_options(p);
  auto affine = normalizing(x, cells, o.divisor, o.eps, o.place);
  for (auto& a : affine) {
    if (p.normalize_variance) continue;
    a.scale = 1;
    a.scale_error = 0;
  }
  Expected e = apply(x, cells, affine, {Array(Dims{}, 1), {}}, {Array(Dims{}, 0), {}});
  give_mean_and_rstd(e, cells, affine);
  return e;
}

std::vector<CellAffine> renormalizing(const Array& x, const Cells& cells, const Parameters& p,
                                      std::vector<Correction>& corrections) {
  const Array running_mean = read(p.running_mean), running_var = read(p.running_var);
  const Real eps = eps_or(p, 1e-5);
  const auto r_max = static_cast<Real>(p.r_max), d_max = static_cast<Real>(p.d_max);
  auto affine = normalizing(x, cells, p.divisor, eps, p.eps_place);
  for (std::size_t c = 0; c < affine.size(); ++c) {
    CellAffine& a = affine[c];
    const Real running = reciprocal_deviation(running_var[c], eps, p.eps_place);
    const Real d = (a.center() - running_mean[c]) * running;
    const Correction correction{std::clamp(running / a.scale, 1 / r_max, r_max), std::clamp(d, -d_max, d_max)};
    corrections.push_back(correction);
    a.shift = correction.shift;
    a.shift_error = running * (a.center_error + 2 * w * (std::fabs(a.center()) + std::fabs(running_mean[c]))) +
                    growth_of_sums(0) * std::fabs(correction.shift);
    a.scale *= correction.scale;
    a.scale_error = 2 * a.scale_error + growth_of_sums(0);
  }
  return affine;
}

// y = gamma_c * ((x - mean_c) * rstd_c * r_c + d_c) + beta_c with r = clip(running_rstd / rstd) and
// d = clip((mean - running_mean) * running_rstd).
Expected batch_renorm(const Array& x, const Parameters& p) {
  const Dims channels = positive(p.channel_axes.empty() ? Dims{1} : p.channel_axes, x.sizes.size());
  const Cells cells = cells_keeping(x.sizes, channels);
  std::vector<Correction> corrections;
  const auto affine = renormalizing(x, cells, p, corrections);
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, channels), beta_of(p, x.sizes, channels));
  give_mean_and_rstd(e, cells, normalizing(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place));
  Statistic scale{Array(cells.shape), {}}, shift{Array(cells.shape), {}};
  for (std::size_t c = 0; c < affine.size(); ++c) {
    scale.value[c] = corrections[c].scale;
    scale.error.push_back(corrections[c].scale * affine[c].scale_error);
    shift.value[c] = corrections[c].shift;
    shift.error.push_back(affine[c].shift_error);
  }
  e.results["scale"] = scale;
  e.results["shift"] = shift;
  give_running(e, p, batch_of(x, cells, p));
  return e;
}

Cells ghost_cells(const Dims& sizes, const Parameters& p) {
  const int channel = channel_axis(p, sizes.size());
  Cells cells = cells_keeping(sizes, {0, channel});
  const auto channels = static_cast<std::size_t>(sizes[channel]), ghost = static_cast<std::size_t>(p.ghost_size);
  for (auto& key : cells.of) key = key / channels / ghost * channels + key % channels;
  cells.shape = {sizes[0] / p.ghost_size, sizes[channel]};
  return cells;
}

// y = gamma_c * (x - mean_gc) * r(var_gc) + beta_c, a cell is a channel of ghost_size consecutive samples.
Expected ghost_batch_norm(const Array& x, const Parameters& p) {
  const Dims channel{channel_axis(p, x.sizes.size())};
  const Cells cells = ghost_cells(x.sizes, p);
  const auto affine = normalizing(x, cells, p.divisor, eps_or(p, 1e-5), p.eps_place);
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, channel), beta_of(p, x.sizes, channel));
  give_mean_and_rstd(e, cells, affine);
  give_running_in_order(e, p, batch_of(x, cells, p), static_cast<std::size_t>(cells.shape[0]));
  return e;
}

Cells response_cells(const Dims& sizes, const Parameters& p) {
  const int channel = channel_axis(p, sizes.size());
  const Dims kept = p.scope == ResponseScope::sample ? Dims{0, channel} : Dims{channel};
  return without_masked(cells_keeping(sizes, kept), p);
}

std::vector<Response> responses(const Array& x, const Cells& cells, const Parameters& p) {
  std::vector<Response> all;
  for (const Square& s : squares(x, cells)) all.push_back({s.n, std::sqrt(s.sum), 0, 0, 0});
  const auto channels = static_cast<std::size_t>(cells.shape[cells.shape.size() - 1]);
  for (std::size_t first = 0; first < all.size(); first += channels) {
    Real sum = 0, most = 0;
    for (std::size_t c = first; c < first + channels; ++c) sum += all[c].g, most = std::max(most, all[c].n);
    for (std::size_t c = first; c < first + channels; ++c) {
      Response& r = all[c];
      r.mean = sum / static_cast<Real>(channels) + eps_or(p, 1e-6);
      r.scale = r.mean == 0 ? 0 : r.g / r.mean;
      r.error = growth_of_sums(x.type, most) + growth_of_sums(static_cast<Real>(channels));
    }
  }
  return all;
}

// y = x + gamma_c * x * N + beta_c with N = G / (mean_c G + eps), G = sqrt(sum of x^2); an absent gamma is 0.
Expected global_response_norm(const Array& x, const Parameters& p) {
  const Dims channel{channel_axis(p, x.sizes.size())};
  const Cells cells = response_cells(x.sizes, p);
  std::vector<CellAffine> affine;
  Statistic scale{Array(cells.shape), {}};
  for (const Response& r : responses(x, cells, p)) {
    scale.value[affine.size()] = r.scale;
    scale.error.push_back(r.scale * r.error);
    affine.push_back({0, 0, r.scale, 0, r.error, 0, 1});
  }
  Expected e = apply(x, cells, affine, gamma_of(p, x.sizes, channel, 0), beta_of(p, x.sizes, channel));
  e.results["scale"] = scale;
  return e;
}

std::vector<StyleCell> style_of(const Parameters& p, const Cells& cells) {
  std::vector<StyleCell> style;
  if (!p.style.present()) {
    const Array mean = read(p.style_mean), std = read(p.style_std);
    for (std::size_t c = 0; c < cells.count(); ++c) style.push_back({mean[c], std[c], 0, 0});
    return style;
  }
  const Array values = read(p.style);
  const Cells of_style =
      by_label(cells_keeping(values.sizes, {0, channel_axis(p, values.sizes.size())}), values.sizes, p.style_labels, p);
  for (const CellAffine& a : normalizing(values, of_style, p.style_divisor, eps_or(p, 1e-5), p.eps_place)) {
    style.push_back({a.center(), a.scale == 0 ? 0 : 1 / a.scale, a.center_error + w * std::fabs(a.center()),
                     a.scale_error + growth_of_sums(0)});
  }
  return style;
}

std::vector<CellAffine> adapting(std::vector<CellAffine> own, const std::vector<StyleCell>& style, Real alpha) {
  for (std::size_t c = 0; c < own.size(); ++c) {
    CellAffine& a = own[c];
    const Real of_style = alpha * style[c].mean, of_content = (1 - alpha) * a.center();
    a.scale *= alpha * style[c].std;
    a.scale_error += style[c].std_error + growth_of_sums(0);
    a.shift = of_style + of_content;
    a.identity = 1 - alpha;
    a.shift_error = alpha * style[c].mean_error + 4 * w * (std::fabs(of_style) + std::fabs(of_content));
  }
  return own;
}

// y = alpha * (std_s * (x - mean_x) * r(var_x) + mean_s) + (1 - alpha) * x.
Expected adaptive_instance_norm(const Array& x, const Parameters& p) {
  const Cells cells = by_label(cells_keeping(x.sizes, {0, channel_axis(p, x.sizes.size())}), x.sizes, p.labels, p);
  const auto own = normalizing(x, cells, p.style_divisor, eps_or(p, 1e-5), p.eps_place);
  const auto style = style_of(p, cells);
  Expected e =
      apply(x, cells, adapting(own, style, static_cast<Real>(p.blend)), {Array(Dims{}, 1), {}}, {Array(Dims{}, 0), {}});
  give_mean_and_rstd(e, cells, own);
  Statistic mean{Array(cells.shape), {}}, std{Array(cells.shape), {}};
  for (std::size_t c = 0; c < style.size(); ++c) {
    mean.value[c] = style[c].mean;
    mean.error.push_back(style[c].mean_error);
    std.value[c] = style[c].std;
    std.error.push_back(style[c].std * style[c].std_error);
  }
  e.results["style_mean"] = mean;
  e.results["style_std"] = std;
  return e;
}

}  // namespace poise::test::oracle
