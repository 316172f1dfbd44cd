#include "io/byte_order.h"

#include <cstdint>
#include <cstring>

namespace poise {
namespace {

std::uint16_t reversed(std::uint16_t x) { return __builtin_bswap16(x); }
std::uint32_t reversed(std::uint32_t x) { return __builtin_bswap32(x); }
std::uint64_t reversed(std::uint64_t x) { return __builtin_bswap64(x); }

template <class Word>
void swap_words(std::span<std::byte> values) {
  for (std::size_t i = 0; i < values.size(); i += sizeof(Word)) {
    Word word;
    std::memcpy(&word, values.data() + i, sizeof word);
    word = reversed(word);
    std::memcpy(values.data() + i, &word, sizeof word);
  }
}

}  // namespace

void swap_byte_order(std::span<std::byte> values, std::size_t size) {
  if (size == 2) swap_words<std::uint16_t>(values);
  if (size == 4) swap_words<std::uint32_t>(values);
  if (size == 8) swap_words<std::uint64_t>(values);
}

}  // namespace poise
