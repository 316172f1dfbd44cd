#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <poise/error.h>

#include "core/words.h"

// What a user chooses by a word, when measuring or applying. The words are those of the command's options and of the
// statistics file.

namespace poise {

// What has a statistic of its own: a channel, a value's place in the sample, or nothing.
enum class Grouping : std::uint8_t { channel, pixel, all };
// Which std is meant: of all values; the average of the samples' own; the root of the average of their variances.
enum class Estimator : std::uint8_t { pixel, mean_of_std, sqrt_mean_var };
// Whether the mean counts every value the same, or every sample.
enum class Weight : std::uint8_t { pixel, image };
// Colour as stored, or converted: grey is Rec. 601 luma, rgb repeats grey.
enum class ColourMode : std::uint8_t { stored, grey, rgb };
// What becomes of an alpha channel: dropped where all of it is opaque and else an error, dropped always, or kept as a
// channel.
enum class Alpha : std::uint8_t { opaque, drop, keep };

template <>
struct Words<Grouping> {
  static constexpr const char* of = "per";
  static constexpr std::array words = {"channel", "pixel", "all"};
};
template <>
struct Words<Estimator> {
  static constexpr const char* of = "estimator";
  static constexpr std::array words = {"pixel", "mean-of-std", "sqrt-mean-var"};
};
template <>
struct Words<Weight> {
  static constexpr const char* of = "weight";
  static constexpr std::array words = {"pixel", "image"};
};
template <>
struct Words<ColourMode> {
  static constexpr const char* of = "mode";
  static constexpr std::array words = {"stored", "grey", "rgb"};
};
template <>
struct Words<Alpha> {
  static constexpr const char* of = "alpha";
  static constexpr std::array words = {"opaque", "drop", "keep"};
};

// "channel|pixel|all"
template <class E>
std::string words_of() {
  return fmt::format("{}", fmt::join(Words<E>::words, "|"));
}

// Error{usage} for any other word.
template <class E>
E choice_named(std::string_view word) {
  if (const auto choice = choice_of<E>(word)) return *choice;
  throw Error(Code::usage, fmt::format("[data] {}: expected {}, got '{}'", Words<E>::of, words_of<E>(), word));
}

}  // namespace poise
