#pragma once

// What the conformance suite sweeps over. All of it is data, and a technique that no table names is swept too.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <poise/technique.h>

#include "test_tensor.h"

namespace poise::test {

// Parameters of a technique as in a problem string, "axes=1:gamma_axes=1". A technique without rows here has one
// variant, its defaults. An operand that is not made unasked (outcome.h) is asked for: "mask=given".
std::vector<std::string_view> variants_of(const Technique& technique);
Parameters parameters_of(std::string_view variant);

struct TypePair {
  DType x, y;
  // u8 is for input scaling; all other pairs are every technique's.
  bool only_scaling() const noexcept { return x == DType::u8; }
  std::string str() const;
};
std::span<const TypePair> type_pairs() noexcept;

struct LayoutPair {
  Layout x, y;
  std::string str() const;
};
std::span<const LayoutPair> layout_pairs() noexcept;

// Sizes of x: positions, channels and samples in turn run through the lengths around every vector width, then larger
// tensors that cross the loops' blocks, and for float32 one that gives threads work (shares do not depend on the type).
// quick: the same kinds, fewer of each.
std::vector<Dims> shapes(const TypePair& types, bool quick);

// How a run differs from the first one of its case, whose bits it must have.
struct Variation {
  int x_off = 0, y_off = 0;  // elements off alignment
  bool in_place = false;
  int threads = 1;
  StorePolicy store = StorePolicy::cached;
  std::string str() const;
};
std::span<const Variation> variations() noexcept;

inline constexpr Target all_targets[] = {Target::scalar, Target::sse4, Target::avx2, Target::avx512};

}  // namespace poise::test
