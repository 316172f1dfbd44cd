#pragma once

#include <poise/local_response_norm.h>
#include <poise/technique.h>

namespace poise {

// The preset that these parameters name, or the defaults, with what else they say.
LocalResponseNormOptions local_response_options(const Parameters& p);

}  // namespace poise
