#include "io/npy.h"
#include "fuzz_target.h"

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes) {
  NpyReader reader(std::make_unique<MemoryStream>(bytes, "x.npy"), {.void2_is_bfloat16 = true});
  if (!reader.header().fortran) read_all(reader);
}

}  // namespace poise::fuzz
