#pragma once

#include <poise/batch_norm.h>

namespace poise {

// Which of the two vectors one step of the power iteration makes first; it is made from the other.
enum class SpectralOrder : std::uint8_t { v_first, u_first };

// How a vector is brought to length 1: x / max(|x|, eps), or x / sqrt(|x|^2 + eps). A vector of zeros stays zeros.
enum class NormEps : std::uint8_t { floor, inside };

// What W is divided by where sigma is 0: by 1, or by 0, as the formula says.
enum class ZeroSigma : std::uint8_t { one, divide };

struct SpectralNormOptions {
  int channel_axis = 0;  // the matrix's rows: output channels (1 of a transposed convolution); its columns: all others
  // (rows) and (columns), the other axes' indices in row-major order: the vectors so far. Absent, where the iteration
  // starts from it: cos(1), cos(2), ...
  ConstTensorView u = {}, v = {};
  std::int64_t iterations = 1;  // at least 0: sigma of u and v as given, both needed
  SpectralOrder order = SpectralOrder::v_first;
  double eps = 1e-12;
  NormEps norm_eps = NormEps::floor;
  BatchNormMode mode = BatchNormMode::training;
  bool evaluation_iterates = false;  // false: evaluation and frozen take u and v as given
  ZeroSigma zero_sigma = ZeroSigma::one;
  bool exact = false;  // the largest singular value itself, by no iteration; u and v are not read
};

// Each may be absent. u, v: of any floating type, may be the options' own memory; sigma: float64, one value. They are
// what sigma was formed with, in evaluation too: whether they replace the old ones is the caller's to say.
struct SpectralNormResults {
  TensorView u = {}, v = {}, sigma = {};
};

// Spectral normalization. Miyato, Kataoka, Koyama, Yoshida 2018, arXiv:1802.05957.
//     y = W / sigma      sigma = u^T W v      v = W^T u / |W^T u|, u = W v / |W v|, iterations times
// W, y: any shape of rank at least 1. All sums in float64. exact: sigma is within (rows + columns) * min(rows, columns)
// * 2^-52 of the largest singular value, relatively, whatever the gap to the second; it takes about min^2 * (rows +
// columns) operations and memory for W in float64.
// Errors: axes, shapes, eps < 0, iterations < 0, a missing u or v (usage).
POISE_API void spectral_norm(TensorView y, ConstTensorView w, const SpectralNormOptions& options = {},
                             const SpectralNormResults& results = {}, Context& context = default_context());

// With u and v constant, as all implementations have it:
//     dW = dy / sigma - (sum dy*W) / sigma^2 * u v^T      where sigma is 0 and divides by 1: dW = dy
// saved: u, v and sigma of the forward call. Gradients: dx (of W).
POISE_API void spectral_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w,
                                      const SpectralNormResults& saved = {}, const SpectralNormOptions& options = {},
                                      Context& context = default_context());

}  // namespace poise
