#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

// Enumerations that a user chooses by a word: each says its words once, in the order of its values.

namespace poise {

// Specialized with `static constexpr std::array words`, of const char*.
template <class E>
struct Words;

template <class E>
constexpr const char* word_of(E choice) noexcept {
  return Words<E>::words[static_cast<std::size_t>(choice)];
}

// Nothing for a word that is none of them.
template <class E>
constexpr std::optional<E> choice_of(std::string_view word) noexcept {
  for (std::size_t i = 0; i < Words<E>::words.size(); ++i) {
    if (word == Words<E>::words[i]) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace poise
