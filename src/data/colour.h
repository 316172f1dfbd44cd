#pragma once

#include "data/choices.h"
#include "io/image.h"

namespace poise {

// Drops alpha and converts colour, in place. Grey is Rec. 601 luma in 16-bit fixed point, (19595 R + 38470 G + 7471 B +
// 32768) / 65536 rounded down, as image libraries compute it; rgb repeats grey. An alpha that is kept stays as it is.
// False: alpha is opaque where it should be, but is not; then the image is unchanged.
bool convert_colour(Image& image, ColourMode mode, Alpha alpha);

}  // namespace poise
