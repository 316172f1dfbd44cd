#pragma once

#include <poise/technique.h>

#include <memory>
#include <string>
#include <vector>

#include "test_tensor.h"

namespace poise::accuracy {

// One normalization to compute: gamma and beta absent, every library's conventions the same. x and dy lie alike.
struct Problem {
  const Technique* technique = nullptr;
  Parameters parameters;
  test::TestTensor x, dy;
  test::Layout layout = test::Layout::contiguous;

  DType type() const { return x.view().dtype(); }
  Dims sizes() const { return x.view().sizes(); }
};

// What a library gives, in logical order; empty where it has no such thing.
struct Answer {
  test::Array y, dx;
};

class Candidate {
 public:
  virtual ~Candidate() = default;
  virtual std::string name() const = 0;
  virtual Answer answer(const Problem& problem) = 0;
};

// Null where Poise was built without the library.
std::unique_ptr<Candidate> torch_candidate();
std::unique_ptr<Candidate> onednn_candidate();

}  // namespace poise::accuracy
