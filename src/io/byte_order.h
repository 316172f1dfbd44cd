#pragma once

#include <bit>
#include <cstddef>
#include <span>

namespace poise {

// Values are little-endian in memory on every machine Poise is built for; files of the other order are swapped.
static_assert(std::endian::native == std::endian::little);

// Reverses the bytes of every value in place. size: 1, 2, 4 or 8; values.size() is a multiple of it.
void swap_byte_order(std::span<std::byte> values, std::size_t size);

}  // namespace poise
