#pragma once

// What each technique must compute, from its paper's formula in naive long double loops. Shares nothing with the
// library but the names of its parameters.

#include <map>
#include <string>
#include <string_view>

#include <poise/technique.h>

#include "array.h"

namespace poise::test {

// A statistic given out: its value and how far float64 arithmetic may move it before it is stored.
struct Statistic {
  Array value;
  std::vector<Real> error;
};

struct Expected {
  Array y;
  std::vector<Real> t, shift, growth;  // y = t + shift; see tolerance.h
  DType x = DType::f32;                // the type that x is stored in
  std::map<std::string, Statistic, std::less<>> results;
};

// x holds the values as stored. operands in the parameters are read as they are; defaults are the technique's own.
using Oracle = Expected (*)(const Array& x, const Parameters& parameters);

namespace oracle {
Expected batch_norm(const Array& x, const Parameters& p);
Expected layer_norm(const Array& x, const Parameters& p);
Expected rms_norm(const Array& x, const Parameters& p);
Expected instance_norm(const Array& x, const Parameters& p);
Expected group_norm(const Array& x, const Parameters& p);
Expected spectral_norm(const Array& x, const Parameters& p);
Expected mean_variance_norm(const Array& x, const Parameters& p);
Expected batch_renorm(const Array& x, const Parameters& p);
Expected ghost_batch_norm(const Array& x, const Parameters& p);
Expected weight_standardization(const Array& x, const Parameters& p);
Expected weight_norm(const Array& x, const Parameters& p);
Expected max_norm(const Array& x, const Parameters& p);
Expected global_response_norm(const Array& x, const Parameters& p);
Expected adaptive_instance_norm(const Array& x, const Parameters& p);
Expected lp_norm(const Array& x, const Parameters& p);
Expected clip(const Array& x, const Parameters& p);
Expected filter_response_norm(const Array& x, const Parameters& p);
Expected zscore(const Array& x, const Parameters& p);
Expected minmax(const Array& x, const Parameters& p);
Expected symmetric(const Array& x, const Parameters& p);
Expected local_response_norm(const Array& x, const Parameters& p);
Expected preset(const Array& x, const Parameters& p);
Expected invert_scaling(const Array& y, const InvertOptions& options);
}  // namespace oracle

// Null for a technique that has none.
Oracle oracle_named(std::string_view technique);

}  // namespace poise::test
