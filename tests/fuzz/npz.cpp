#include "io/npz.h"
#include "fuzz_target.h"

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes) {
  const MemoryFile file(bytes);
  read_npz(file.path(), {.void2_is_bfloat16 = true});
}

}  // namespace poise::fuzz
