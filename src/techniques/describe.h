#pragma once

#include <poise/technique.h>

#include <initializer_list>
#include <string_view>

#include "core/call.h"

namespace poise {

// Every parameter as the command, the documentation and the sweep name it; techniques list those they take.
namespace describe {
inline constexpr Parameter gamma{"gamma", "file", "learned scale; absent is 1"};
inline constexpr Parameter beta{"beta", "file", "learned shift; absent is 0"};
inline constexpr Parameter eps{"eps", "number", "keeps the deviation from zero"};
inline constexpr Parameter eps_place{"eps_place", "inside|outside|floor", "where eps enters the deviation"};
inline constexpr Parameter divisor{"divisor", "population|sample", "of the variance: m or m - 1"};
inline constexpr Parameter mode{"mode", "training|evaluation|frozen", "whose statistics normalize"};
inline constexpr Parameter channel_axes{"channel_axes", "axes", "the axes that keep their own statistics"};
inline constexpr Parameter channel_axis{"channel_axes", "axis", "the channel axis; -1 in input scaling: none"};
inline constexpr Parameter running_mean{"running_mean", "file", "running mean before this batch"};
inline constexpr Parameter running_var{"running_var", "file", "running variance before this batch"};
inline constexpr Parameter momentum{"momentum", "number", "weight of the new value in the running statistics"};
inline constexpr Parameter running_divisor{"running_divisor", "population|sample",
                                           "of the variance that enters the running one"};
inline constexpr Parameter track_running{"track_running", "true|false", "false: no running statistics at all"};
inline constexpr Parameter axes{"axes", "axes", "the reduced axes"};
inline constexpr Parameter gamma_axes{"gamma_axes", "axes", "the axes gamma and beta run along; default: the reduced"};
inline constexpr Parameter gamma_axes_or_channels{"gamma_axes", "axes",
                                                  "the axes gamma and beta run along; default: the channel axes"};
inline constexpr Parameter gamma_offset{"gamma_offset", "number", "gamma is read as this plus g; 1: the form 1 + g"};
inline constexpr Parameter mask{"mask", "file", "u8 of x's shape: 0 where an element does not count"};
inline constexpr Parameter masked{"masked", "keep|zero|normalize", "what y is where masked"};
inline constexpr Parameter lengths{"lengths", "numbers", "of each sample: what lies beyond is masked"};
inline constexpr Parameter length_axis{"length_axis", "axis", "the axis that lengths are of; default the last"};
inline constexpr Parameter non_finite{"non_finite", "propagate|raise|skip", "what NaN and infinities in x do"};
inline constexpr Parameter labels{"labels", "file",
                                  "u8 label map: each label has its own statistics; an axis may be 1"};
inline constexpr Parameter style_labels{"style_labels", "file", "the label map of the style's features"};
inline constexpr Parameter label_count{"label_count", "number", "labels are below this, at most 256"};
inline constexpr Parameter one_value{"one_value", "error|zero_variance|skip_update", "one value in a cell"};
inline constexpr Parameter activation{"activation", "none|relu|leaky_relu|silu|gelu|gelu_tanh", "what y goes through"};
inline constexpr Parameter slope{"slope", "number", "of leaky_relu"};
inline constexpr Parameter residual{"residual", "file",
                                    "added to x, rounded and stored: the sum is what is normalized"};
inline constexpr Parameter residual_after{"residual_after", "file",
                                          "added before the activation; of y's type and shape"};
inline constexpr Parameter y{"y", "file", "backward with relu or leaky_relu: y as the forward call gave it"};
inline constexpr Parameter groups{"groups", "number", "groups of consecutive channels; must divide them"};
inline constexpr Parameter per{"per", "data_set|image|pixel", "what shares its statistics"};
inline constexpr Parameter mean{"mean", "file", "given mean; absent: measured"};
inline constexpr Parameter std{"std", "file", "given standard deviation; absent: measured"};
inline constexpr Parameter min{"min", "file", "given minimum; absent: measured"};
inline constexpr Parameter max{"max", "file", "given maximum; absent: measured"};
inline constexpr Parameter low{"low", "number", "what the minimum becomes"};
inline constexpr Parameter high{"high", "number", "what the maximum becomes"};
inline constexpr Parameter region{"region", "across|within", "windows run across the channels, or within each"};
inline constexpr Parameter size{"size", "number", "taps along each axis of a window"};
inline constexpr Parameter extra_tap{"extra_tap", "before|after", "the side an even window reaches farther to"};
inline constexpr Parameter alpha{"alpha", "number", "weight of the window's squares"};
inline constexpr Parameter alpha_scaled{"alpha_scaled", "true|false", "alpha is divided by the taps of a window"};
inline constexpr Parameter exponent{"exponent", "number", "the power that y is divided by; the paper's beta"};
inline constexpr Parameter k{"k", "number", "added to the window's weighted squares"};
inline constexpr Parameter response_preset{"preset", "name", "options by which a framework means it; others override"};
inline constexpr Parameter normalize_variance{"normalize_variance", "true|false", "false: only the mean is taken away"};
inline constexpr Parameter fan_in{"fan_in", "none|variance|scale",
                                  "how the filter's fan-in enters: r(n*var), r/sqrt(n)"};
inline constexpr Parameter filter_axis{"channel_axes", "axis", "the axis of the output filters; default 0"};
inline constexpr Parameter variant{"variant", "name", "a published variant: original, bit, vit, timm, nfnet, ..."};
inline constexpr Parameter kept_axes{"kept_axes", "axes", "the axes that keep their own norm; -1: one for everything"};
inline constexpr Parameter limit{"limit", "number", "the largest norm"};
inline constexpr Parameter p{"p", "number", "the norm's exponent, at least 1"};
inline constexpr Parameter scope{"scope", "sample|batch", "whose positions a response sums"};
inline constexpr Parameter style{"style", "file", "features whose mean and deviation x takes"};
inline constexpr Parameter style_mean{"style_mean", "file", "the style's mean, in place of features"};
inline constexpr Parameter style_std{"style_std", "file", "the style's deviation, in place of features"};
inline constexpr Parameter blend{"blend", "number", "0: the content, 1: all of the style"};
inline constexpr Parameter style_divisor{"style_divisor", "population|sample", "of both variances; default m - 1"};
inline constexpr Parameter threshold{"threshold", "file", "y is at least this; absent: no threshold"};
inline constexpr Parameter r_max{"r_max", "number", "the correction's scale is held to 1/r_max ... r_max"};
inline constexpr Parameter d_max{"d_max", "number", "the correction's shift is held to -d_max ... d_max"};
inline constexpr Parameter ghost_size{"ghost_size", "number", "samples of a ghost batch; must divide them"};
inline constexpr Parameter row_axis{"channel_axes", "axis", "the matrix's rows; its columns are all other axes"};
inline constexpr Parameter u{"u", "file", "left vector so far, one value a row"};
inline constexpr Parameter v{"v", "file", "right vector so far, one value a column"};
inline constexpr Parameter iterations{"iterations", "number", "steps of the power iteration"};
inline constexpr Parameter order{"order", "v_first|u_first", "which vector a step makes first"};
inline constexpr Parameter norm_eps{"norm_eps", "floor|inside", "x / max(|x|, eps) or x / sqrt(|x|^2 + eps)"};
inline constexpr Parameter evaluation_iterates{"evaluation_iterates", "true|false", "false: u and v as given"};
inline constexpr Parameter zero_sigma{"zero_sigma", "one|divide", "what a sigma of 0 divides by: 1, or 0"};
inline constexpr Parameter exact{"exact", "true|false", "the largest singular value itself, by no iteration"};
inline constexpr Parameter preset{"preset", "name", "the published constants"};
}  // namespace describe

// Operands (names with blanks between them) of one shape.
struct Shaped {
  std::string_view operands;
  Dims sizes;
};

// The shape of an operand among those listed; Error{usage} when the technique has none of that name.
Dims shape_among(const char* technique, std::string_view operand, std::initializer_list<Shaped> shapes);

}  // namespace poise
