#pragma once

// What the test of every technique says in one line, through its row of the table.

#include <string>
#include <string_view>

#include "backward_problem.h"
#include "jacobian.h"

namespace poise::test {

inline Vector doubles(const Array& a) { return {a.values.begin(), a.values.end()}; }
inline Array array_of(const Dims& sizes, const Vector& values, DType type = DType::f64) {
  Array a(sizes, 0, type);
  a.values.assign(values.begin(), values.end());
  return a;
}

// y and every result, in every type and layout of x and y, against the oracle.
inline void expect_right_everywhere(const char* name, std::string_view variant, const Dims& sizes) {
  const Technique& technique = technique_named(name);
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      SCOPED_TRACE(std::string(name) + ":" + std::string(variant) + " " + name_of(type) + " " + name_of(layout));
      Parameters p = parameters_of(variant);
      const Operands operands(technique, sizes, DType::f32, p);
      const TestTensor x(type, random_values(sizes, type, 41), layout);
      const Layout y = layout == Layout::broadcast ? Layout::contiguous : layout;
      EXPECT_RIGHT(run(technique, x, {type, y}, p), oracle_named(name)(x.read(), p), roundings);
    }
  }
}

// Every gradient that the technique gives against numerical differentiation of its own forward pass, all in float64.
inline void expect_gradients(const char* name, std::string_view variant, const Dims& sizes) {
  SCOPED_TRACE(std::string(name) + ":" + std::string(variant));
  const Technique& technique = technique_named(name);
  const Array x = random_values(sizes, DType::f64, 42), dy = random_values(sizes, DType::f64, 43, 0.2, 1);
  const BackwardProblem problem(technique, parameters_of(variant), x, dy, {}, DType::f64);
  const BackwardOutcome got = problem.run();
  const auto y = [&](const Array& at, const Parameters& p) {
    return doubles(run(technique, TestTensor(DType::f64, at), {DType::f64}, p).y.read());
  };
  const auto of_x = [&](const Vector& v) { return y(array_of(sizes, v), problem.p); };
  EXPECT_EQ(difference(got.dx.read().values, numerical_gradient(of_x, doubles(x), doubles(dy))), "") << "dx";
  EXPECT_FALSE(technique.gradients.size() > 1 && got.gradients.empty());
  for (const auto& [gradient, memory] : got.gradients) {
    ConstTensorView Parameters::*const view = operand_view(gradient.substr(1));
    if (!(problem.p.*view).present()) continue;
    const Array at = read(problem.p.*view);
    const auto of_operand = [&](const Vector& v) {
      const TestTensor moved(DType::f64, array_of(at.sizes, v));
      Parameters p = problem.p;
      p.*view = moved;
      return y(x, p);
    };
    EXPECT_EQ(difference(memory.read().values, numerical_gradient(of_operand, doubles(at), doubles(dy))), "")
        << gradient;
  }
}

// The call is refused with this text, and y left as it was.
template <class F>
void expect_refused(const char* name, Code code, const std::string& text, const Dims& sizes, F call) {
  const TestTensor x(DType::f32, random_values(sizes, DType::f32, 44));
  TestTensor y(DType::f32, sizes);
  const auto before = y.memory();
  EXPECT_REFUSES(code, std::string("[") + name + "] " + text, call(y, x));
  EXPECT_EQ(y.memory(), before) << text;
}

}  // namespace poise::test
