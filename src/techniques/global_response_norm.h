#pragma once

// Global response norm's merges and their derivative.

#include "techniques/backward.h"

namespace poise {

// G of all cells, and N made of them: `cells` neighbours are one sample's.
class Responses final : public Coupling {
 public:
  Responses(std::int64_t channels, double eps, double* g, double* n) noexcept
      : Coupling(channels), eps_(eps), g_(g), n_(n) {}
  void keep(std::int64_t cell, const Measured& m) const noexcept override { g_[cell] = std::sqrt(m.m2); }
  void couple(std::int64_t first) const noexcept override {
    const double m = mean(first);
    for (std::int64_t i = first; i < first + cells; ++i) n_[i] = m == 0 ? 0 : g_[i] / m;
  }
  // Of the sample whose first cell this is, with eps.
  double mean(std::int64_t first) const noexcept {
    double sum = 0;
    for (std::int64_t c = 0; c < cells; ++c) sum += g_[first + c];
    return sum / static_cast<double>(cells) + eps_;
  }
  double g(std::int64_t cell) const noexcept { return g_[cell]; }
  const double* n() const noexcept { return n_; }

 private:
  double eps_, *g_, *n_;
};

class Respond final : public Merge {
 public:
  explicit Respond(const double* n) noexcept : n_(n) {}
  CellAffine operator()(std::int64_t cell, const Measured&) const noexcept override { return {0, 0, n_[cell], 0, 1}; }

 private:
  const double* n_;
};

// First s1 = gamma * sum dy*x of each cell is collected; then, with a made of them, dx is mapped.
class RespondDerivative final : public Derivative {
 public:
  RespondDerivative(const double* n, double* s1, const double* a) noexcept : n_(n), s1_(s1), a_(a) {}
  CellAffine saved(std::int64_t cell) const noexcept override { return {0, 0, n_[cell], 0, 1}; }
  CellGradient operator()(std::int64_t cell, const GradientSums& sums) const noexcept override {
    if (s1_ != nullptr) s1_[cell] = sums.s1;
    return {a_ == nullptr ? 0 : a_[cell], 0};
  }

 private:
  const double* n_;
  double* s1_;
  const double* a_;
};

}  // namespace poise
