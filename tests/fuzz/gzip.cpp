#include "io/gzip.h"
#include "fuzz_target.h"

namespace poise::fuzz {

// A small file may hold a thousand times its size: as much as is looked at.
void parse(std::span<const std::byte> bytes) {
  GzipStream stream(std::make_unique<MemoryStream>(bytes, "x.gz"));
  std::vector<std::byte> block(4096);
  for (int i = 0; i < 64; ++i) stream.read(block);
}

}  // namespace poise::fuzz
