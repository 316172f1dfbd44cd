#pragma once

#include <poise/export.h>

#define POISE_VERSION_MAJOR 0
#define POISE_VERSION_MINOR 1
#define POISE_VERSION_PATCH 0
#define POISE_VERSION_STRING "0.1.0"

namespace poise {

// The version of the library that runs, which may differ from the macros it was compiled against.
POISE_API const char* version() noexcept;

// The compiler that built the library, as "gcc 12.2.0".
POISE_API const char* compiler() noexcept;

}  // namespace poise
