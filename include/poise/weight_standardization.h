#pragma once

#include <string_view>

#include <poise/options.h>

namespace poise {

// How a filter's fan-in n enters: not at all; in what the deviation is taken of, r(n * var); or beside it,
// r(var)/sqrt(n).
enum class FanIn : std::uint8_t { none, variance, scale };

struct WeightStandardizationOptions {
  int filter_axis = 0;         // the axis of the output filters; all others are one filter's fan-in
  ConstTensorView gamma = {};  // (filters): the gain; absent is 1
  ConstTensorView beta = {};   // (filters); absent is 0
  double eps = 1e-10;
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
  FanIn fan_in = FanIn::none;
};

// The published variants, by what of r differs:
//     original     (w - mean) / (std + 1e-5), divisor n - 1             Qiao et al. 2019
//     bit          (w - mean) / sqrt(var + 1e-10)                       Kolesnikov et al. 2020; the default
//     vit          (w - mean) / (std + 1e-5)                            Dosovitskiy et al. 2021
//     timm         (w - mean) / sqrt(var + 1e-6)
//     nfnet        gain * (w - mean) / sqrt(max(n * var, 1e-4))         Brock et al. 2021, arXiv:2102.06171
//     timm_scaled  gain * (w - mean) / sqrt(n * (var + 1e-6))
//     aws          gamma * (w - mean) / sqrt(var + 1e-5) + beta, divisor n - 1
// Error{usage} names them.
POISE_API WeightStandardizationOptions weight_standardization_variant(std::string_view name);

// Each may be absent. float64 (filters). rstd is all of what multiplies w - mean but the gain.
struct WeightStandardizationResults {
  TensorView mean = {}, rstd = {};
};

// Weight standardization. Qiao, Wang, Liu, Shen, Yuille 2019, arXiv:1903.10520.
//     y = gamma_f * (w - mean_f) * r(var_f) + beta_f
// w, y: any shape with a filter axis.
// Errors: axis, shapes, eps < 0; a fan-in of one value (shape).
POISE_API void weight_standardization(TensorView y, ConstTensorView w, const WeightStandardizationOptions& options = {},
                                      const WeightStandardizationResults& results = {},
                                      Context& context = default_context());

// As batch_norm_backward, over each filter. Gradients: dx (of w), dgamma, dbeta.
POISE_API void weight_standardization_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w,
                                               const WeightStandardizationResults& saved = {},
                                               const WeightStandardizationOptions& options = {},
                                               Context& context = default_context());

}  // namespace poise
