#include "data/transfer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <poise/adaptive_instance_norm.h>
#include <poise/error.h>

namespace poise {
namespace {

using Colour = std::array<double, 3>;
using Matrix = std::array<Colour, 3>;

constexpr Matrix lms_of_rgb = {{{0.3811, 0.5783, 0.0402}, {0.1967, 0.7244, 0.0782}, {0.0241, 0.1288, 0.8444}}};
// Logarithms need a floor; half a grey level of 8 bits is below everything but black.
constexpr double darkest = 0.5 / 255;

Colour times(const Matrix& m, const Colour& x) {
  Colour y{};
  for (std::size_t i = 0; i < 3; ++i) y[i] = m[i][0] * x[0] + m[i][1] * x[1] + m[i][2] * x[2];
  return y;
}

// By Cramer's rule: the published inverse has four digits.
Matrix inverse(const Matrix& m) {
  Matrix out{};
  const auto minor = [&](std::size_t r, std::size_t c) {
    const std::size_t r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
    return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
  };
  const double determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) out[c][r] = minor(r, c) / determinant;
  }
  return out;
}

// The rows of the rotation are orthonormal, so its transpose undoes it.
Matrix opponent() {
  const double a = 1 / std::sqrt(3), b = 1 / std::sqrt(6), c = 1 / std::sqrt(2);
  return {{{a, a, a}, {b, b, -2 * b}, {c, -c, 0}}};
}

Colour to_space(const Colour& rgb, ColourSpace space) {
  if (space == ColourSpace::rgb) return rgb;
  Colour lms = times(lms_of_rgb, rgb);
  for (double& x : lms) x = std::log10(std::max(x, darkest));
  return times(opponent(), lms);
}

Colour from_space(const Colour& x, ColourSpace space) {
  if (space == ColourSpace::rgb) return x;
  static const Matrix rgb_of_lms = inverse(lms_of_rgb);
  const Matrix m = opponent();
  Colour lms{};
  for (std::size_t i = 0; i < 3; ++i) lms[i] = std::pow(10, m[0][i] * x[0] + m[1][i] * x[1] + m[2][i] * x[2]);
  return times(rgb_of_lms, lms);
}

double full_of(const Image& image) { return image.bits == 16 ? 65535 : 255; }

double sample(const Image& image, std::size_t i) {
  if (image.bits == 8) return std::to_integer<int>(image.pixels[i]);
  std::uint16_t value = 0;
  std::memcpy(&value, image.pixels.data() + 2 * i, 2);
  return value;
}

void set_sample(Image& image, std::size_t i, double value) {
  const double rounded = std::nearbyint(std::clamp(value, 0.0, full_of(image)));
  if (image.bits == 8) {
    image.pixels[i] = static_cast<std::byte>(rounded);
  } else {
    const auto wide = static_cast<std::uint16_t>(rounded);
    std::memcpy(image.pixels.data() + 2 * i, &wide, 2);
  }
}

std::size_t pixels_of(const Image& image) { return static_cast<std::size_t>(image.height * image.width); }

Colour colour_at(const Image& image, std::size_t pixel) {
  const auto channels = static_cast<std::size_t>(image.channels);
  Colour colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    colour[c] = sample(image, pixel * channels + (channels < 3 ? 0 : c)) / full_of(image);
  }
  return colour;
}

// Which pixels are of which segment; all of one without a mask.
using Segments = std::map<int, std::vector<std::size_t>>;

Segments segments_of(const Image& image, const Image* mask) {
  Segments segments;
  for (std::size_t i = 0; i < pixels_of(image); ++i) {
    segments[mask ? static_cast<int>(sample(*mask, i)) : 0].push_back(i);
  }
  return segments;
}

// (1, 3, pixels)
Tensor planes_of(const Image& image, const std::vector<std::size_t>& pixels, ColourSpace space) {
  Tensor planes(DType::f64, {1, 3, static_cast<std::int64_t>(pixels.size())});
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const Colour colour = to_space(colour_at(image, pixels[i]), space);
    for (std::size_t c = 0; c < 3; ++c) planes.data<double>()[c * pixels.size() + i] = colour[c];
  }
  return planes;
}

void check_mask(const Image* mask, const Image& image, const char* name) {
  if (!mask) return;
  if (mask->channels == 1 && mask->height == image.height && mask->width == image.width) return;
  throw Error(Code::shape, fmt::format("[transfer] {}: expected grey of {} x {}, got {} x {} of {} channels", name,
                                       image.width, image.height, mask->width, mask->height, mask->channels));
}

// The content as RGB, with its alpha channel.
Image as_colour(const Image& content) {
  const bool alpha = content.channels == 2 || content.channels == 4;
  Image out{content.height, content.width, alpha ? 4 : 3, content.bits, {}};
  out.pixels.resize(pixels_of(content) * static_cast<std::size_t>(out.channels * content.bits / 8));
  const auto from = static_cast<std::size_t>(content.channels), to = static_cast<std::size_t>(out.channels);
  for (std::size_t i = 0; i < pixels_of(content); ++i) {
    for (std::size_t c = 0; c < 3; ++c) set_sample(out, i * to + c, sample(content, i * from + (from < 3 ? 0 : c)));
    if (alpha) set_sample(out, i * to + 3, sample(content, i * from + from - 1));
  }
  return out;
}

}  // namespace

ColourSpace colour_space_named(std::string_view name) {
  if (name == "rgb") return ColourSpace::rgb;
  if (name == "lalphabeta") return ColourSpace::lalphabeta;
  throw Error(Code::usage, fmt::format("[transfer] space: expected rgb or lalphabeta, got '{}'", name));
}

Image transfer(const Image& content, const Image& style, const TransferOptions& options, Context& context) {
  if ((options.content_mask == nullptr) != (options.style_mask == nullptr)) {
    throw Error(Code::usage, "[transfer] mask: expected one for the content and one for the style, got one");
  }
  check_mask(options.content_mask, content, "content mask");
  check_mask(options.style_mask, style, "style mask");
  Image out = as_colour(content);
  const auto channels = static_cast<std::size_t>(out.channels);
  const Segments of_style = segments_of(style, options.style_mask);
  for (const auto& [value, pixels] : segments_of(content, options.content_mask)) {
    const auto found = of_style.find(value);
    if (found == of_style.end() || found->second.size() < 2 || pixels.size() < 2) continue;
    Tensor x = planes_of(content, pixels, options.space);
    const Tensor s = planes_of(style, found->second, options.space);
    AdaptiveInstanceNormOptions norm;
    norm.style = s;
    norm.alpha = options.alpha;
    adaptive_instance_norm(x, x, norm, {}, context);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const double* at = x.data<double>() + i;
      const Colour rgb = from_space({at[0], at[pixels.size()], at[2 * pixels.size()]}, options.space);
      for (std::size_t c = 0; c < 3; ++c) set_sample(out, pixels[i] * channels + c, rgb[c] * full_of(out));
    }
  }
  return out;
}

}  // namespace poise
