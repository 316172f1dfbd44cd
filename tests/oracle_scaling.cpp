// The oracles of input scaling, and the table of all oracles.

#include <algorithm>
#include <cmath>

#include <poise/preset.h>

#include "oracle_parts.h"
#include "tolerance.h"

namespace poise::test {
namespace oracle {
namespace {

// data_set (C), image (N, C), pixel the shape of a sample; without a channel axis (), (N), and pixel as before.
Dims kept_axes(Per per, int channel_axis, int rank) {
  Dims kept;
  if (per == Per::pixel) {
    for (int axis = 1; axis < rank; ++axis) kept.push_back(axis);
    return kept;
  }
  if (per == Per::image) kept.push_back(0);
  if (channel_axis >= 0) kept.push_back(channel_axis);
  return kept;
}

Cells scaling_cells(const Array& x, const Parameters& p) {
  const int channel = p.channel_axes.empty() ? 1 : static_cast<int>(p.channel_axes[0]);
  return cells_keeping(x.sizes, kept_axes(p.per, channel, x.sizes.size()));
}

Expected scaled(const Array& x, const Cells& cells, const std::vector<CellAffine>& affine, Real shift) {
  Expected e = apply(x, cells, affine, {Array(Dims{}, 1), {}}, {Array(Dims{}, shift), {}});
  give_mean_and_rstd(e, cells, affine);
  e.results["center"] = e.results["mean"];
  e.results["scale"] = e.results["rstd"];
  e.results.erase("mean");
  e.results.erase("rstd");
  return e;
}

struct Ends {
  Array min, max;
};

Ends ends_of(const Array& x, const Cells& cells, const Parameters& p) {
  if (p.min.present()) return {read(p.min), read(p.max)};
  Ends ends{Array(cells.shape, INFINITY), Array(cells.shape, -INFINITY)};
  for (std::size_t i = 0; i < x.size(); ++i) {
    Real& min = ends.min[cells.of[i]];
    Real& max = ends.max[cells.of[i]];
    if (x[i] < min || std::isnan(x[i])) min = x[i];
    if (x[i] > max || std::isnan(x[i])) max = x[i];
  }
  return ends;
}

}  // namespace

// y = (x - mean) * r(var), a constant cell gets scale 1.
Expected zscore(const Array& x, const Parameters& p) {
  const Cells cells = scaling_cells(x, p);
  const Real eps = eps_or(p, 0);
  std::vector<CellAffine> affine;
  if (p.mean.present()) {
    const Array mean = read(p.mean);
    const Array std = read(p.std);
    for (std::size_t c = 0; c < mean.size(); ++c) {
      affine.push_back({mean[c], 0, reciprocal_deviation(std[c] * std[c], eps, p.eps_place), 0, growth_of_sums(0)});
    }
  } else {
    for (const Moment& m : moments(x, cells)) affine.push_back(normalizing(m, x.type, p.divisor, eps, p.eps_place));
    for (auto& a : affine) a.scale = a.scale == 0 ? 1 : a.scale;
  }
  return scaled(x, cells, affine, 0);
}

// y = (x - min) * (high - low) / (max - min) + low, a constant cell gets scale 1.
Expected minmax(const Array& x, const Parameters& p) {
  const Cells cells = scaling_cells(x, p);
  const Ends ends = ends_of(x, cells, p);
  const Real width = static_cast<Real>(p.high) - static_cast<Real>(p.low);
  std::vector<CellAffine> affine;
  for (std::size_t c = 0; c < cells.count(); ++c) {
    const Real range = ends.max[c] - ends.min[c];
    affine.push_back({ends.min[c], 0, range == 0 ? 1 : width / range, 0, growth_of_sums(0)});
  }
  return scaled(x, cells, affine, static_cast<Real>(p.low));
}

// y = (x - (min + max) / 2) * 2 / (max - min), a constant cell gets scale 1.
Expected symmetric(const Array& x, const Parameters& p) {
  const Cells cells = scaling_cells(x, p);
  const Ends ends = ends_of(x, cells, p);
  std::vector<CellAffine> affine;
  for (std::size_t c = 0; c < cells.count(); ++c) {
    const Real range = ends.max[c] - ends.min[c];
    affine.push_back({ends.min[c], range / 2, range == 0 ? 1 : 2 / range, 0, growth_of_sums(0)});
  }
  return scaled(x, cells, affine, 0);
}

// y = (x / full - mean_c) / std_c, full is 255 for u8; center and scale in units of x.
Expected preset(const Array& x, const Parameters& p) {
  const Real full = x.type == DType::u8 ? 255 : 1;
  const Cells cells = scaling_cells(x, p);
  const poise::Preset& constants = preset_named(p.preset.empty() ? "half" : p.preset);
  std::vector<CellAffine> affine;
  for (std::size_t c = 0; c < cells.count(); ++c) {
    const std::size_t i = constants.channels == 1 ? 0 : c;
    const Real center = static_cast<Real>(constants.mean[i]) * full;
    affine.push_back({center, 0, 1 / (static_cast<Real>(constants.std[i]) * full), w * center, growth_of_sums(0)});
  }
  return scaled(x, cells, affine, 0);
}

// x = (y - shift) / scale + center.
Expected invert_scaling(const Array& y, const InvertOptions& options) {
  const Cells cells = cells_keeping(y.sizes, kept_axes(options.per, options.channel_axis, y.sizes.size()));
  const Array center = read(options.center);
  const Array scale = read(options.scale);
  Expected e;
  e.x = y.type;
  e.y = Array(y.sizes);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t c = cells.of[i];
    const Real t = (y[i] - static_cast<Real>(options.shift)) / scale[c];
    e.t.push_back(t);
    e.shift.push_back(center[c]);
    e.growth.push_back(growth_of_sums(0) * std::fabs(t));
    e.y[i] = t + center[c];
  }
  return e;
}

}  // namespace oracle

Oracle oracle_named(std::string_view technique) {
  static constexpr struct {
    std::string_view name;
    Oracle oracle;
  } table[] = {
      {"batch_norm", oracle::batch_norm},
      {"sync_batch_norm", oracle::batch_norm},
      {"layer_norm", oracle::layer_norm},
      {"rms_norm", oracle::rms_norm},
      {"instance_norm", oracle::instance_norm},
      {"group_norm", oracle::group_norm},
      {"spectral_norm", oracle::spectral_norm},
      {"zscore", oracle::zscore},
      {"minmax", oracle::minmax},
      {"symmetric", oracle::symmetric},
      {"preset", oracle::preset},
      {"local_response_norm", oracle::local_response_norm},
      {"mean_variance_norm", oracle::mean_variance_norm},
      {"batch_renorm", oracle::batch_renorm},
      {"ghost_batch_norm", oracle::ghost_batch_norm},
      {"weight_standardization", oracle::weight_standardization},
      {"weight_norm", oracle::weight_norm},
      {"max_norm", oracle::max_norm},
      {"lp_norm", oracle::lp_norm},
      {"clip", oracle::clip},
      {"filter_response_norm", oracle::filter_response_norm},
      {"global_response_norm", oracle::global_response_norm},
      {"adaptive_instance_norm", oracle::adaptive_instance_norm},
  };
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const auto& e) { return e.name == technique; });
  return found == std::end(table) ? nullptr : found->oracle;
}

}  // namespace poise::test
