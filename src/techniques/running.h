#pragma once

#include <poise/technique.h>

#include "core/call.h"
#include "techniques/normalize.h"

namespace poise {

// Running statistics as explicit results: new = (1 - momentum) * old + momentum * batch's, in float64, stored in the
// caller's type. The new ones may be the old ones' memory.
class Running {
 public:
  Running(const ConstTensorView& old_mean, const ConstTensorView& old_var, const TensorView& new_mean,
          const TensorView& new_var, double momentum) noexcept
      : old_mean_(old_mean), old_var_(old_var), new_mean_(new_mean), new_var_(new_var), momentum_(momentum) {}

  bool wanted() const noexcept { return new_mean_.present() || new_var_.present(); }
  void update(std::int64_t i, double mean, double variance) const noexcept {
    new_mean_.set(i, (1 - momentum_) * old_mean_.get(i) + momentum_ * mean);
    new_var_.set(i, (1 - momentum_) * old_var_.get(i) + momentum_ * variance);
  }
  // By batches one after the other, (mean, variance) pairs kept as [batch][channel]; in float64, stored once.
  void update_in_order(const double* kept, std::int64_t batches, std::int64_t channels) const noexcept {
    for (std::int64_t c = 0; c < channels; ++c) {
      double mean = old_mean_.get(c), variance = old_var_.get(c);
      for (std::int64_t b = 0; b < batches; ++b) {
        mean = (1 - momentum_) * mean + momentum_ * kept[2 * (b * channels + c)];
        variance = (1 - momentum_) * variance + momentum_ * kept[2 * (b * channels + c) + 1];
      }
      new_mean_.set(c, mean);
      new_var_.set(c, variance);
    }
  }
  // By the average over samples of (mean, variance) pairs, kept as [sample][channel]; a negative variance says that the
  // sample has none of this channel.
  void update_by_average(const double* kept, std::int64_t samples) const noexcept {
    const std::int64_t channels = old_mean_.present() ? old_mean_.count() : old_var_.count();
    for (std::int64_t c = 0; c < channels; ++c) {
      double mean = 0, variance = 0, count = 0;
      for (std::int64_t n = 0; n < samples; ++n) {
        const double* pair = kept + 2 * (n * channels + c);
        if (pair[1] < 0) continue;
        mean += pair[0];
        variance += pair[1];
        ++count;
      }
      count > 0 ? update(c, mean / count, variance / count) : keep(c);
    }
  }
  // No samples: the statistics stay what they were.
  void keep(std::int64_t i) const noexcept {
    new_mean_.set(i, old_mean_.get(i));
    new_var_.set(i, old_var_.get(i));
  }
  void keep() const noexcept {
    const std::int64_t channels = new_mean_.present() ? new_mean_.count() : new_var_.present() ? new_var_.count() : 0;
    for (std::int64_t i = 0; i < channels; ++i) keep(i);
  }

 private:
  Values old_mean_, old_var_, new_mean_, new_var_;
  double momentum_;
};

// Shapes and types of old and new running statistics, of the sizes given; new ones need old ones.
template <class Options, class Results>
void check_running(const Call& call, const Options& options, const Results& results, const Dims& sizes) {
  call.operand("running_mean", options.running_mean, sizes);
  call.operand("running_var", options.running_var, sizes);
  call.fraction("momentum", options.momentum);
  const auto check = [&](const char* name, const ConstTensorView& old, const TensorView& fresh,
                         const TensorView& other) {
    if (!fresh.present()) return;
    if (!old.present()) call.fail(Code::usage, name, "the old one as an option", "none");
    call.result(name, fresh, sizes, old.dtype(), {other, results.mean, results.rstd});
  };
  check("running_mean", options.running_mean, results.running_mean, results.running_var);
  check("running_var", options.running_var, results.running_var, results.running_mean);
}

// The running statistics' part of a technique's options, from the parameters of the table.
template <class Options>
void take_running(Options& o, const Parameters& p) {
  o.running_mean = p.running_mean;
  o.running_var = p.running_var;
  o.running_divisor = p.running_divisor;
  o.momentum = p.momentum;
}

// What normalizes with running statistics has none of its own to give.
template <class Results>
void refuse_results(const Call& call, const Results& r, const char* expected) {
  for (const TensorView& result : {r.mean, r.rstd, r.running_mean, r.running_var})
    if (result.present()) call.fail(Code::usage, "results", expected, "one");
}

// The merge of evaluation and frozen: running statistics in place of measured ones.
class FromRunning final : public Merge {
 public:
  FromRunning(const ConstTensorView& mean, const ConstTensorView& var, const Deviation& deviation) noexcept
      : mean_(mean), var_(var), deviation_(deviation) {}
  CellAffine operator()(std::int64_t cell, const Measured&) const noexcept override {
    return {mean_.get(cell), 0, reciprocal_deviation(var_.get(cell), deviation_.eps, deviation_.place), 0};
  }

 private:
  Values mean_, var_;
  Deviation deviation_;
};

}  // namespace poise
