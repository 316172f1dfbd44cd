#pragma once

// One problem of the sweep, whatever the direction.

#include <optional>
#include <set>
#include <string>

#include "cases.h"
#include "outcome.h"
#include "report.h"

namespace poise::test {

struct Problem {
  const Technique& technique;
  std::string_view variant;
  TypePair types;
  Dims sizes;
};

std::string label(const Problem& problem, const std::string& layout);
// Statistics of one value are refused in training; so are channels that the groups do not divide.
std::optional<std::string> reason_to_skip(const Problem& problem, const Parameters& p);
// gamma and beta in another type now and then.
DType operand_type(const Problem& problem);
std::set<Target> available_targets();
// Threads are given work only by larger calls; below, a variation of threads would test nothing.
bool gives_threads_work(const Problem& problem);

// Every layout, instruction set and variation of this problem; a technique without a backward pass is skipped.
void sweep_forward(const Problem& problem, Report& report);
void sweep_backward(const Problem& problem, Report& report);

}  // namespace poise::test
