#pragma once

#include <string_view>

#include <poise/context.h>

#include "io/image.h"

namespace poise {

// Colour transfer: adaptive instance norm (Huang, Belongie 2017, arXiv:1703.06868) on pixels instead of features. Each
// channel of the content gets the mean and std of the style's.

// lalphabeta: the decorrelated space of Ruderman et al. 1998, of logarithms, in which Reinhard et al. 2001 transfer
// colour: a channel changed there takes the others with it least.
enum class ColourSpace : std::uint8_t { rgb, lalphabeta };
ColourSpace colour_space_named(std::string_view name);

struct TransferOptions {
  double alpha = 1;  // 0: the content, 1: all of the style
  ColourSpace space = ColourSpace::lalphabeta;
  // Given together: segments by grey value. Each segment of the content takes its colours from the style's segment of
  // the same value; without one, or below two pixels, it stays as it is.
  const Image* content_mask = nullptr;
  const Image* style_mask = nullptr;
};

// RGB of the content's size and depth, with the content's alpha channel; the style's is not looked at.
Image transfer(const Image& content, const Image& style, const TransferOptions& options = {},
               Context& context = default_context());

}  // namespace poise
