#include "oracle_running.h"

#include <cmath>

#include "tolerance.h"

namespace poise::test::oracle {
namespace {

void average(Statistic& running, std::size_t c, Real batch, Real batch_error, Real momentum) {
  const Real kept = (1 - momentum) * running.value[c], added = momentum * batch;
  running.value[c] = kept + added;
  running.error[c] =
      (1 - momentum) * running.error[c] + momentum * batch_error + 4 * w * (std::fabs(kept) + std::fabs(added));
}

Statistic old(ConstTensorView running) {
  Statistic result{test::read(running), {}};
  result.error.resize(result.value.size());
  return result;
}

}  // namespace

Batch batch_of(const Array& x, const Cells& cells, const Parameters& p) {
  Batch b{Array(cells.shape), Array(cells.shape), {}, {}, {}};
  const auto m = moments(x, cells);
  for (std::size_t c = 0; c < m.size(); ++c) {
    b.mean[c] = m[c].mean();
    b.variance[c] = m[c].variance(p.running_divisor);
    b.mean_error.push_back(center_error(x.type, m[c].n, m[c].sd(), m[c].farthest) + w * std::fabs(b.mean[c]));
    b.variance_error.push_back(variance_error(x.type, m[c].n, m[c].sd(), m[c].farthest) * b.variance[c]);
    b.enters.push_back(m[c].n >= (p.one_value == OneValue::skip_update ? 2 : 1));
  }
  return b;
}

Batch mean_over_samples(const Batch& b, std::size_t samples, std::size_t channels) {
  const Dims shape{static_cast<std::int64_t>(channels)};
  Batch result{Array(shape), Array(shape), std::vector<Real>(channels), std::vector<Real>(channels), {}};
  std::vector<Real> count(channels);
  for (std::size_t i = 0; i < samples * channels; ++i) count[i % channels] += b.enters[i] ? 1 : 0;
  for (std::size_t i = 0; i < samples * channels; ++i) {
    if (!b.enters[i]) continue;
    const std::size_t c = i % channels;
    const Real share = 1 / count[c];
    result.mean[c] += b.mean[i] * share;
    result.variance[c] += b.variance[i] * share;
    const Real g = growth_of_sums(static_cast<Real>(samples));
    result.mean_error[c] += share * (b.mean_error[i] + g * std::fabs(b.mean[i]));
    result.variance_error[c] += share * (b.variance_error[i] + g * b.variance[i]);
  }
  for (const Real n : count) result.enters.push_back(n > 0);
  return result;
}

void give_running(Expected& e, const Parameters& p, const Batch& b) { give_running_in_order(e, p, b, 1); }

void give_running_in_order(Expected& e, const Parameters& p, const Batch& b, std::size_t batches) {
  const auto momentum = static_cast<Real>(p.momentum);
  const auto give = [&](const char* name, ConstTensorView view, const Array& values, const std::vector<Real>& error) {
    if (!view.present()) return;
    Statistic running = old(view);
    const std::size_t channels = running.value.size();
    for (std::size_t i = 0; i < batches * channels; ++i) {
      if (b.enters[i]) average(running, i % channels, values[i], error[i], momentum);
    }
    e.results[name] = running;
  };
  give("running_mean", p.running_mean, b.mean, b.mean_error);
  give("running_var", p.running_var, b.variance, b.variance_error);
}

}  // namespace poise::test::oracle
