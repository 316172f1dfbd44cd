#include "data/fingerprint.h"

#include <charconv>

#include <fmt/format.h>
#include <poise/error.h>
#include <xxhash.h>

namespace poise {
namespace {

constexpr std::string_view prefix = "xxh3-128:";

bool parse_word(std::string_view digits, std::uint64_t& word) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
  return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

void Fingerprint::add(std::span<const std::byte> sample) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(sample.data(), sample.size());
  Fingerprint one;
  one.high_ = hash.high64;
  one.low_ = hash.low64;
  merge(one);
}

void Fingerprint::merge(const Fingerprint& other) noexcept {
  const bool carry = __builtin_add_overflow(low_, other.low_, &low_);
  high_ += other.high_ + (carry ? 1 : 0);
}

std::string Fingerprint::digits() const { return fmt::format("{:016x}{:016x}", high_, low_); }
std::string Fingerprint::str() const { return std::string(prefix) + digits(); }

Fingerprint Fingerprint::parse_digits(std::string_view digits) {
  Fingerprint result;
  if (digits.size() != 32 || !parse_word(digits.substr(0, 16), result.high_) ||
      !parse_word(digits.substr(16), result.low_)) {
    throw Error(Code::data,
                fmt::format("[stats] fingerprint: expected 32 hexadecimal digits, got '{}'", digits.substr(0, 64)));
  }
  return result;
}

Fingerprint Fingerprint::parse(const std::string& text) {
  if (text.starts_with(prefix)) return parse_digits(std::string_view(text).substr(prefix.size()));
  throw Error(Code::data, fmt::format("[stats] fingerprint: expected {} and 32 hexadecimal digits, got '{}'", prefix,
                                      text.substr(0, 64)));
}

}  // namespace poise
