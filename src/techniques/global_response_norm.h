#pragma once

// Global response norm's merges and their derivative.

#include "techniques/backward.h"

namespace poise {

// The responses of all cells, and N made of them: `channels` neighbours are one sample's.
struct Responses {
  double *g = nullptr, *n = nullptr;
  std::int64_t cells = 0, channels = 0;

  // Of the sample whose first cell this is.
  double mean(std::int64_t first, double eps) const noexcept {
    double sum = 0;
    for (std::int64_t c = 0; c < channels; ++c) sum += g[first + c];
    return sum / static_cast<double>(channels) + eps;
  }
};

class Collect final : public Merge {
 public:
  explicit Collect(double* g) noexcept : g_(g) {}
  CellAffine operator()(std::int64_t cell, const Measured& m) const noexcept override {
    g_[cell] = std::sqrt(m.m2);
    return {};
  }

 private:
  double* g_;
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
