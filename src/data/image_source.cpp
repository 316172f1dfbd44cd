#include "data/image_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/image.h"

namespace poise {

Shard Shard::parse(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto [slash, bad_index] = std::from_chars(text.data(), end, shard.index);
  const bool divided = bad_index == std::errc() && slash != end && *slash == '/';
  const auto [rest, bad_count] =
      divided ? std::from_chars(slash + 1, end, shard.count) : std::from_chars_result{end, std::errc::invalid_argument};
  if (bad_count != std::errc() || rest != end || shard.index < 1 || shard.index > shard.count) {
    throw Error(Code::usage, fmt::format("[data] shard: expected I/N with I from 1 to N, got '{}'", text));
  }
  --shard.index;
  return shard;
}

bool looks_like_image(std::string_view name, std::span<const std::byte> head) {
  if (is_image(head)) return true;
  constexpr std::array<std::string_view, 8> endings = {".jpg", ".jpeg", ".png", ".pnm", ".pgm", ".ppm", ".pbm", ".jpe"};
  std::string lower(name.substr(name.size() - std::min<std::size_t>(name.size(), 5)));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return lower.ends_with(ending); });
}

std::string first_folder(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  const std::size_t slash = name.find('/');
  return slash == std::string_view::npos ? "" : std::string(name.substr(0, slash));
}

}  // namespace poise
