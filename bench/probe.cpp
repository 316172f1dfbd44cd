// Plain copies: how fast bytes can be read and written at all. Compiled for the baseline; 16-byte streaming stores fill
// the same lines as wider ones, so memory is the limit, not the width.

#include "bench/probe.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace poise::bench {
namespace {

struct Way {
  const char* name;
  std::size_t streams, burst;
  bool past_cache;
};

constexpr Way all_ways[] = {
    {"4 streams of 256 B, streaming", 4, 256, true},
    {"4 streams of 512 B, streaming", 4, 512, true},
    {"4 streams of 1 KiB, streaming", 4, 1024, true},
    {"1 stream, streaming", 1, 4096, true},
    {"1 stream, cached", 1, 4096, false},
    {"4 streams of 512 B, cached", 4, 512, false},
};

void copy(const char* x, char* y, std::size_t bytes, bool past_cache) noexcept {
  for (std::size_t i = 0; i < bytes; i += 64) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i + 16));
    const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i + 32));
    const __m128i d = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i + 48));
    auto* to = reinterpret_cast<__m128i*>(y + i);
    if (past_cache) {
      _mm_stream_si128(to, a);
      _mm_stream_si128(to + 1, b);
      _mm_stream_si128(to + 2, c);
      _mm_stream_si128(to + 3, d);
    } else {
      _mm_storeu_si128(to, a);
      _mm_storeu_si128(to + 1, b);
      _mm_storeu_si128(to + 2, c);
      _mm_storeu_si128(to + 3, d);
    }
  }
}

void read(const char* x, std::size_t bytes) noexcept {
  __m128i sum = _mm_setzero_si128();
  for (std::size_t i = 0; i < bytes; i += 16) {
    sum = _mm_xor_si128(sum, _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i)));
  }
  asm volatile("" : : "x"(sum));  // the sum is wanted, says this to the compiler
}

}  // namespace

int ways() noexcept { return static_cast<int>(std::size(all_ways)); }
const char* way_name(int way) noexcept { return all_ways[way].name; }

void probe(int way, const void* x, void* y, std::size_t in, std::size_t out) noexcept {
  const Way& w = all_ways[way];
  const auto* from = static_cast<const char*>(x);
  auto* to = static_cast<char*>(y);
  const std::size_t both = std::min(in, out);
  const std::size_t quarter = both / w.streams / w.burst * w.burst;
  // Two inputs are read side by side.
  const bool two = in >= 2 * both;
  for (std::size_t i = 0; i < quarter; i += w.burst) {
    for (std::size_t s = 0; s < w.streams; ++s) {
      copy(from + s * quarter + i, to + s * quarter + i, w.burst, w.past_cache);
      if (two) read(from + both + s * quarter + i, w.burst);
    }
  }
  if (out > in) std::memset(to + both, 0, out - both);
  const std::size_t done = two ? 2 * both : both;
  if (in > out) read(from + done, (in - done) / 64 * 64);
  _mm_sfence();
}

}  // namespace poise::bench
