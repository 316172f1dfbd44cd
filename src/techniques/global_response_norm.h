#pragma once

// Global response norm's merges and their derivative.

#include "techniques/backward.h"

namespace poise {

// G of all cells, and N made of them: `cells` neighbours are one sample's.
class Responses final : public Coupling {
 public:
  Responses(std::int64_t channels, double eps, double* g, double* n) noexcept
      : Coupling(channels), eps_(eps), g_(g), n_(n) {}
  void keep(std::int64_t cell, const Measured& m) const noexcept override { keep(cell, m.m2); }
  void keep(std::int64_t cell, double power) const noexcept { g_[cell] = std::sqrt(power); }
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

// s1 = gamma * sum dy*x of all cells, and what they become: dx = (gamma*N + 1)*dy + a*x.
class ResponseGradients final : public GradientCoupling, public Derivative {
 public:
  ResponseGradients(const Responses& responses, double* s1, double* a) noexcept
      : GradientCoupling(responses.cells), responses_(responses), s1_(s1), a_(a) {}
  void keep(std::int64_t cell, const GradientSums& sums) const noexcept override {
    responses_.keep(cell, sums.power);
    s1_[cell] = sums.s1;
  }
  void couple(std::int64_t first) const noexcept override {
    responses_.couple(first);
    const double m = responses_.mean(first);
    double coupled = 0;
    for (std::int64_t i = first; i < first + cells; ++i) coupled += s1_[i] * responses_.g(i);
    for (std::int64_t i = first; i < first + cells; ++i) {
      const double g = responses_.g(i), dg = s1_[i] / m - coupled / (static_cast<double>(cells) * m * m);
      a_[i] = g == 0 ? 0 : dg / g;
    }
  }
  CellAffine saved(std::int64_t cell) const noexcept override { return {0, 0, responses_.n()[cell], 0, 1}; }
  CellGradient operator()(std::int64_t cell, const GradientSums&) const noexcept override { return {a_[cell], 0}; }

 private:
  const Responses& responses_;
  double *s1_, *a_;
};

}  // namespace poise
