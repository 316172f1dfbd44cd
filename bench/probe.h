#pragma once

#include <cstddef>
#include <cstdint>

namespace poise::bench {

// The limit probe: reads `in` bytes at x and writes `out` bytes at y as fast as this machine can, the best of several
// ways (one or four streams, bursts of different lengths, past the cache or through it), on one thread. What every
// ratio in docs/performance.md is against.
// One pass in the way of this index; ways() of them. Bytes are rounded down to whole bursts.
int ways() noexcept;
const char* way_name(int way) noexcept;
void probe(int way, const void* x, void* y, std::size_t in, std::size_t out) noexcept;

}  // namespace poise::bench
