#pragma once

// Poise and the reference, for one setting: what every library must compute, and what Poise does.

#include <optional>

#include "backward_outcome.h"
#include "candidate.h"

namespace poise::accuracy {

struct Reference {
  test::Expected forward;
  std::optional<test::ExpectedGradients> backward;
};
Reference reference_of(const Technique& technique, const Parameters& parameters, const test::Array& x,
                       const test::Array& dy);

struct PoiseAnswer {
  Answer answer;
  std::string why;  // empty where all is within its bound (tests/tolerance.h)
};
PoiseAnswer poise_answer(const Problem& problem, const Reference& reference);

}  // namespace poise::accuracy
