#pragma once

// What the tests of the backward passes share: every technique that has one, in every variant of the sweep, and one
// call of it with its forward pass run before.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "backward_outcome.h"
#include "expect.h"
#include "sweep/cases.h"

namespace poise::test {

struct BackwardRow {
  const Technique* technique;
  std::string_view variant;  // as in a problem string
};

inline std::vector<BackwardRow> backward_rows() {
  std::vector<BackwardRow> rows;
  for (const Technique& t : techniques()) {
    if (t.run_backward == nullptr) continue;
    for (const std::string_view variant : variants_of(t)) rows.push_back({&t, variant});
  }
  return rows;
}

inline std::string name_of(const ::testing::TestParamInfo<BackwardRow>& row) {
  std::string name = row.param.technique->name;
  if (!row.param.variant.empty()) name += "_" + std::string(row.param.variant);
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

class BackwardTest : public ::testing::TestWithParam<BackwardRow> {
 protected:
  void SetUp() override {
    if (backward_oracle_named(technique().name) == nullptr)
      GTEST_SKIP() << "no oracle: see BackwardOracle.OfEveryTechnique";
  }
  const Technique& technique() const { return *GetParam().technique; }
  Parameters parameters() const { return parameters_of(GetParam().variant); }
};

struct BackwardLayouts {
  Layout x = Layout::contiguous, dy = Layout::contiguous, dx = Layout::contiguous;
};

// Operands, x, dy, and what the forward pass saved.
class BackwardProblem {
 public:
  // Throws Error where the forward pass refuses the problem.
  BackwardProblem(const Technique& t, Parameters parameters, const Array& x_values, const Array& dy_values,
                  BackwardLayouts lie = {}, DType operand = DType::f32)
      : technique(t),
        p(suited(t, std::move(parameters), x_values.sizes)),
        layouts(lie),
        operands(t, x_values.sizes, operand, p),
        x(x_values.type, x_values, lie.x),
        dy(dy_values.type, dy_values, lie.dy),
        forward(test::run(t, x, {x_values.type}, p)) {}

  Placed placed() const { return {x.view().dtype(), layouts.dx}; }
  Results saved() const { return views(forward.results); }
  ExpectedGradients expected() const { return backward_oracle_named(technique.name)(x.read(), dy.read(), p); }
  BackwardOutcome run(Context& context, const Results& saved, Asked asked = {}) const {
    return run_backward(technique, dy, x, placed(), p, saved, context, asked);
  }
  BackwardOutcome run(Asked asked = {}) const { return run(default_context(), saved(), asked); }
  // Empty where all gradients are right.
  std::string verdict() const { return difference(run(), expected()); }

  const Technique& technique;
  Parameters p;
  BackwardLayouts layouts;
  Operands operands;
  TestTensor x, dy;
  Outcome forward;
};

inline Array random_x(const Dims& sizes, DType type = DType::f32, double mean = 0.5, double std = 2) {
  return random_values(sizes, type, 21, mean, std);
}
inline Array random_dy(const Dims& sizes, DType type = DType::f32, double std = 1) {
  return random_values(sizes, type, 22, 0.2 * std, std);
}

inline const Dims backward_shape{4, 6, 5, 7};
inline constexpr Layout layouts_to_write[] = {Layout::contiguous, Layout::channels_last, Layout::sliced,
                                              Layout::stepped,    Layout::transposed,    Layout::reversed};

}  // namespace poise::test
