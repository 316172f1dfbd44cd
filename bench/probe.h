#pragma once

#include <cstddef>
#include <cstdint>

namespace poise::bench {

// Copies: reads `in` bytes at x and writes `out` bytes at y, on one thread. Way 0 is the limit probe, what every ratio
// in docs/performance.md is against: four streams a quarter of the bytes apart, 256 bytes from each in turn, written
// past the cache. The others (longer bursts, one stream, through the cache) show how far a copy can go on this machine.
int ways() noexcept;
const char* way_name(int way) noexcept;
// Bytes are rounded down to whole bursts.
void probe(int way, const void* x, void* y, std::size_t in, std::size_t out) noexcept;

}  // namespace poise::bench
