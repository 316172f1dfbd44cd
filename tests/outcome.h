#pragma once

// A technique run through the technique table, as tests and sweep do it: operands made, every result asked for, all of
// it compared with the oracle.

#include <map>
#include <string>
#include <string_view>

#include <poise/technique.h>

#include "oracle.h"
#include "test_tensor.h"

namespace poise::test {

bool takes(const Technique& technique, std::string_view parameter);
bool gives(const Technique& technique, std::string_view result);

// Says that Operands shall make an operand which it would not otherwise: a mask, the style's mean and std.
void ask_for(Parameters& parameters, std::string_view operand);
// The view of an operand, null for a name that is none; and the type of its memory.
ConstTensorView Parameters::*operand_view(std::string_view name);

// These parameters made to fit x's sizes where their defaults do not: a ghost size that divides the samples, axes that
// are there.
Parameters suited(const Technique& technique, Parameters parameters, const Dims& x);

// The memory of a technique's operands. Random but sensible: std and running_var positive, min below max. What is asked
// for, and what the technique cannot do without, is always made.
class Operands {
 public:
  // Makes gamma, beta and running statistics where the technique takes them, and points the parameters at them.
  Operands(const Technique& technique, const Dims& x, DType type, Parameters& parameters);
  // Makes these only.
  Operands(const Technique& technique, const Dims& x, DType type, Parameters& parameters,
           std::initializer_list<std::string_view> names);

  const TestTensor& operator[](std::string_view name) const { return memory_.find(name)->second; }

 private:
  void make(const Technique& technique, const Dims& x, DType type, Parameters& parameters, std::string_view name);
  void make_needed(const Technique& technique, const Dims& x, DType type, Parameters& parameters);
  std::map<std::string, TestTensor, std::less<>> memory_;
};

// How y lies in memory.
struct Placed {
  DType type;
  Layout layout = Layout::contiguous;
  int elements_off_alignment = 0;
};

struct Outcome {
  TestTensor y;
  std::map<std::string, TestTensor, std::less<>> results;

  // The elements' bytes of y and of every result.
  std::map<std::string, std::vector<std::byte>, std::less<>> bits() const;
};

// The memory of every result that these parameters allow.
std::map<std::string, TestTensor, std::less<>> result_memory(const Technique& technique, const Dims& x,
                                                             const Parameters& parameters);
Results views(const std::map<std::string, TestTensor, std::less<>>& memory);

Outcome run(const Technique& technique, ConstTensorView x, Placed y, const Parameters& parameters, Context& context);
Outcome run(const Technique& technique, ConstTensorView x, Placed y, const Parameters& parameters);

// Empty where all is right; else the first difference, in words. map_roundings: see tolerance.h.
std::string difference(const TestTensor& y, const Expected& expected, Real map_roundings);
std::string difference(const TestTensor& y, const Expected& expected);
std::string difference(const TestTensor& result, const Statistic& expected, std::string_view name);
std::string difference(const Outcome& outcome, const Expected& expected, Real map_roundings);
// "WHAT[I]: expected ... +- ..., got ...".
std::string sentence(std::string_view what, std::size_t i, Real got, Real expected, Real bound);
// Empty where both outcomes hold the same bits.
std::string different_bits(const Outcome& a, const Outcome& b);
std::string different_bits(const std::map<std::string, std::vector<std::byte>, std::less<>>& a, const Outcome& b);

}  // namespace poise::test
