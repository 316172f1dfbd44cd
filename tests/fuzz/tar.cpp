#include "data/image_source.h"
#include "fuzz_target.h"

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes) {
  const MemoryFile file(bytes);
  const auto source = open_tar(file.path(), {});
  EncodedImage image;
  while (source->next(image)) {
    if (image.bytes.size() > ImageSource::max_bytes) std::abort();
  }
}

}  // namespace poise::fuzz
