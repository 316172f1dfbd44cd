#include "io/idx.h"
#include "fuzz_target.h"

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes) {
  IdxReader reader(std::make_unique<MemoryStream>(bytes, "x.idx"));
  read_all(reader);
}

}  // namespace poise::fuzz
