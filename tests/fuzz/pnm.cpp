#include "image.h"

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes) { parse_image(bytes, is_pnm); }

}  // namespace poise::fuzz
