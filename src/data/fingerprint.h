#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace poise {

// What a data set contains, in 128 bits: the sum, modulo 2^128, of the XXH3-128 of each sample's bytes (row-major,
// little-endian, decompressed). So it is the same for every order of the samples and every container that holds them,
// and those of two parts add up to that of the whole.
class Fingerprint {
 public:
  void add(std::span<const std::byte> sample) noexcept;
  void merge(const Fingerprint& other) noexcept;

  // "xxh3-128:" and 32 hexadecimal digits; Error{data} for any other text.
  std::string str() const;
  static Fingerprint parse(const std::string& text);
  // The digits alone.
  std::string digits() const;
  static Fingerprint parse_digits(std::string_view digits);
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a 0 in it
  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;

 private:
  std::uint64_t high_ = 0, low_ = 0;
};

}  // namespace poise
