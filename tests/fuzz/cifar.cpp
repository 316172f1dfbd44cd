#include "io/cifar.h"
#include "fuzz_target.h"

namespace poise::fuzz {

void parse(std::span<const std::byte> bytes) {
  const Extent extent{bytes.size(), true};
  const int label_bytes = cifar_label_bytes(bytes.size() % 2 == 0 ? "train.bin" : "data_batch_1.bin", extent);
  if (label_bytes == 0) return;
  CifarReader reader(std::make_unique<MemoryStream>(bytes, "data_batch_1.bin"), label_bytes);
  read_all(reader);
}

}  // namespace poise::fuzz
