#include "poise.h"

#include "tolerance.h"

namespace poise::accuracy {

Reference reference_of(const Technique& technique, const Parameters& parameters, const test::Array& x,
                       const test::Array& dy) {
  Reference reference{test::oracle_named(technique.name)(x, parameters), std::nullopt};
  const auto backward = test::backward_oracle_named(technique.name);
  if (technique.run_backward != nullptr && backward != nullptr) reference.backward = backward(x, dy, parameters);
  return reference;
}

PoiseAnswer poise_answer(const Problem& problem, const Reference& reference) {
  PoiseAnswer result;
  const Technique& technique = *problem.technique;
  const test::Outcome y = test::run(technique, problem.x, {problem.type(), problem.layout}, problem.parameters);
  result.answer.y = y.y.read();
  result.why = test::difference(y, reference.forward, test::roundings);
  if (!reference.backward) return result;
  const auto gradients = test::run_backward(technique, problem.dy, problem.x, {problem.type(), problem.layout},
                                            problem.parameters, test::views(y.results), default_context());
  result.answer.dx = gradients.dx.read();
  if (result.why.empty()) result.why = test::difference(gradients, *reference.backward);
  return result;
}

}  // namespace poise::accuracy
