#include <poise/version.h>

#define POISE_TEXT_OF(x) #x
#define POISE_TEXT(x) POISE_TEXT_OF(x)

namespace poise {

const char* version() noexcept { return POISE_VERSION_STRING; }

const char* compiler() noexcept {
#ifdef __clang__
  return "clang " POISE_TEXT(__clang_major__) "." POISE_TEXT(__clang_minor__) "." POISE_TEXT(__clang_patchlevel__);
#else
  return "gcc " POISE_TEXT(__GNUC__) "." POISE_TEXT(__GNUC_MINOR__) "." POISE_TEXT(__GNUC_PATCHLEVEL__);
#endif
}

}  // namespace poise
