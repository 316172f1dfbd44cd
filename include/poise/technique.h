#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <poise/batch_norm.h>
#include <poise/global_response_norm.h>
#include <poise/instance_norm.h>
#include <poise/local_response_norm.h>
#include <poise/scaling.h>
#include <poise/spectral_norm.h>
#include <poise/weight_standardization.h>

namespace poise {

// Every parameter and operand that some technique takes, under its one name: the union of the options structs. What a
// technique does not list in its parameters must stay at its default.
struct Parameters {
  double eps = -1;  // negative: the technique's own default
  EpsPlace eps_place = EpsPlace::inside;
  Divisor divisor = Divisor::population;
  Divisor running_divisor = Divisor::sample;
  double momentum = 0.1;
  BatchNormMode mode = BatchNormMode::training;
  bool track_running = true;
  Dims axes = {};          // empty: the technique's default
  Dims channel_axes = {};  // empty: the technique's default; {-1} is no channel axis for input scaling
  Dims gamma_axes = {};
  double gamma_offset = 0;
  Masked masked = Masked::zero;
  std::vector<std::int64_t> lengths = {};
  std::int64_t length_axis = -1;
  NonFinite non_finite = NonFinite::propagate;
  std::int64_t label_count = 256;
  OneValue one_value = OneValue::error;
  std::int64_t groups = 32;
  Per per = Per::data_set;
  double low = 0, high = 1;
  // Local response norm; absent: the preset's, or the technique's own default.
  Region region = Region::across;
  std::optional<std::int64_t> size = {};
  std::optional<ExtraTap> extra_tap = {};
  std::optional<double> alpha = {}, exponent = {}, k = {};
  std::optional<bool> alpha_scaled = {};
  std::string preset = {};  // empty: the technique's default
  Activation activation = Activation::none;
  double slope = 0.01;
  bool normalize_variance = true;
  FanIn fan_in = FanIn::none;
  std::string variant;  // empty: the technique's default
  Dims kept_axes = {};  // empty: the technique's default; {-1} is one cell for everything
  double limit = 1;
  double p = 2;
  ResponseScope scope = ResponseScope::sample;
  double blend = 1;
  Divisor style_divisor = Divisor::sample;
  double r_max = 3, d_max = 5;
  std::int64_t ghost_size = 32;
  std::int64_t iterations = 1;
  SpectralOrder order = SpectralOrder::v_first;
  NormEps norm_eps = NormEps::floor;
  bool evaluation_iterates = false;
  ZeroSigma zero_sigma = ZeroSigma::one;
  bool exact = false;
  ConstTensorView gamma = {}, beta = {}, running_mean = {}, running_var = {}, mean = {}, std = {}, min = {}, max = {},
                  mask = {}, labels = {}, style = {}, style_labels = {}, style_mean = {}, style_std = {},
                  threshold = {}, residual = {}, residual_after = {}, u = {}, v = {};
  TensorView sum = {};     // what x + residual is stored in, wherever residual is
  ConstTensorView y = {};  // a backward call's: y as the forward call gave it
};

// Every result that some technique gives.
struct Results {
  TensorView mean = {}, rstd = {}, running_mean = {}, running_var = {}, center = {}, scale = {}, shift = {}, norm = {},
             style_mean = {}, style_std = {}, u = {}, v = {}, sigma = {};
  std::int64_t* non_finite = nullptr;  // how many elements NonFinite::skip left out
};

// One parameter as a user names it: the field of Parameters, dashes for underscores in the command.
struct Parameter {
  const char* name;
  const char* values;  // "number", "axes", "file", "inside|outside|floor", ...
  const char* meaning;
};

// One row of the technique table: from it come the command, the documentation, the sweep and the benchmark.
struct Technique {
  const char* name;     // "group_norm"
  const char* title;    // "Group normalization"
  const char* formula;  // one line
  const char* paper;    // "Wu, He 2018, arXiv:1803.08494", or empty
  const char* cell;     // what shares one mean and variance
  const char* use;      // what it is for
  const char* beware;   // what to beware of
  std::span<const Parameter* const> parameters;
  std::span<const char* const> results;  // names in Results
  // The shape of an operand or result ("gamma", "mean", ...) for this x; Error{usage} when the technique has none.
  Dims (*shape_of)(std::string_view operand, const Dims& x, const Parameters& parameters);
  void (*run)(TensorView y, ConstTensorView x, const Parameters& parameters, const Results& results, Context& context);
  // Gradients it can give ("dx", "dgamma", ...), and the call; null without a backward pass. saved: the forward call's
  // results.
  std::span<const char* const> gradients = {};
  void (*run_backward)(const Gradients& gradients, ConstTensorView dy, ConstTensorView x, const Parameters& parameters,
                       const Results& saved, Context& context) = nullptr;
};

POISE_API std::span<const Technique> techniques() noexcept;
// Throws Error{usage} listing the names.
POISE_API const Technique& technique_named(std::string_view name);

// Sets a parameter from text ("eps", "1e-3"; "axes", "1,2"; "mode", "frozen"); Error{usage} on a bad name or value.
// Operands are not text: set their views.
POISE_API void set_parameter(Parameters& parameters, std::string_view name, std::string_view value);

}  // namespace poise
