#include <poise/communicator.h>

#include <cstring>

namespace poise {

void SingleProcess::all_gather(const void* mine, std::size_t bytes, void* all) {
  if (bytes > 0) std::memcpy(all, mine, bytes);
}

Communicator& single_process() noexcept {
  static SingleProcess one;
  return one;
}

}  // namespace poise
