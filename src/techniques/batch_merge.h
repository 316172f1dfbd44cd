#pragma once

#include <poise/batch_norm.h>

#include "techniques/running.h"

namespace poise {

// What batch norm does with a channel's statistics, of one process or of all ranks.
inline Deviation deviation_of(const BatchNormOptions& o) noexcept { return {o.eps, o.eps_place, o.divisor}; }

inline bool measures(const BatchNormOptions& o) noexcept {
  return o.mode == BatchNormMode::training || (o.mode == BatchNormMode::evaluation && !o.track_running);
}

class BatchMerge final : public Merge {
 public:
  BatchMerge(const BatchNormOptions& o, const BatchNormResults& results) noexcept
      : normalize_(deviation_of(o), results.mean, results.rstd),
        running_(o.running_mean, o.running_var, results.running_mean, results.running_var, o.momentum),
        running_divisor_(o.running_divisor),
        fewest_(o.one_value == OneValue::skip_update ? 2 : 1) {}

  CellAffine operator()(std::int64_t channel, const Measured& m) const noexcept override {
    if (running_.wanted()) follow(channel, m);
    return normalize_(channel, m);
  }
  void merge_many(std::int64_t first, std::int64_t stride, std::int64_t count, const Measured* m,
                  CellAffine* affine) const noexcept override {
    for (std::int64_t i = 0; running_.wanted() && i < count; ++i) follow(first + i * stride, m[i]);
    normalize_.merge_many(first, stride, count, m, affine);
  }
  const double* plain_eps() const noexcept override { return normalize_.plain_eps(); }
  void keep_many(std::int64_t first, std::int64_t stride, const PlainCells& cells) const noexcept override {
    for (std::int64_t i = 0; running_.wanted() && i < cells.count; ++i) {
      follow(first + i * stride, {.count = cells.elements, .mean = cells.mean[i], .m2 = cells.m2[i]});
    }
    normalize_.keep_many(first, stride, cells);
  }
  void keep_running() const noexcept { running_.keep(); }

 private:
  void follow(std::int64_t channel, const Measured& m) const noexcept {
    m.count < fewest_ ? running_.keep(channel) : running_.update(channel, m.mean, variance_of(m, running_divisor_));
  }

  Normalize normalize_;
  Running running_;
  Divisor running_divisor_;
  std::int64_t fewest_;
};

inline FromRunning from_running(const Call& call, const BatchNormOptions& o) {
  if (!o.running_mean.present() || !o.running_var.present()) {
    call.fail(Code::usage, "running_mean, running_var", "both in evaluation and frozen", "none");
  }
  return {o.running_mean, o.running_var, deviation_of(o)};
}

inline void check_batch(const Call& call, const BatchNormOptions& o, const BatchNormResults& r, const Dims& channels) {
  call.eps(o.eps);
  check_running(call, o, r, channels);
  check_saved(call, r, channels);
  if (!o.track_running && (r.running_mean.present() || r.running_var.present())) {
    call.fail(Code::usage, "track_running", "true where new running statistics are wanted", "false");
  }
}

}  // namespace poise
