#pragma once

// What the techniques' tests say again and again, in one line each.

#include <gtest/gtest.h>

#include <string_view>

#include <poise/error.h>

#include "outcome.h"
#include "tolerance.h"

namespace poise::test {

// Every output as the oracle says: EXPECT_RIGHT(y, expected).
#define EXPECT_RIGHT(...) EXPECT_EQ(::poise::test::difference(__VA_ARGS__), "")
#define EXPECT_SAME_BITS(a, b) EXPECT_EQ(::poise::test::different_bits(a, b), "")

// Whether call() throws Error of this code with exactly this text.
template <class F>
::testing::AssertionResult refuses(Code code, std::string_view text, F call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.code() != code) {
      return ::testing::AssertionFailure() << "other code " << static_cast<int>(error.code()) << ": " << error.what();
    }
    if (error.what() != text) return ::testing::AssertionFailure() << "other text: " << error.what();
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "accepted, expected: " << text;
}
#define EXPECT_REFUSES(code, text, ...) EXPECT_TRUE(::poise::test::refuses(code, text, [&] { __VA_ARGS__; }))

inline bool all_equal(const Array& a, Real value) {
  for (const Real v : a.values) {
    if (v != value) return false;
  }
  return true;
}

}  // namespace poise::test
