#include <poise/error.h>

#include "backward_outcome.h"
#include "problem.h"

namespace poise::test {
namespace {

// dy and dx lie as the forward pass's y does, x as it.
class BackwardCase {
 public:
  BackwardCase(const Problem& problem, Report& report) : problem_(problem), report_(report) {}

  void run() {
    if (problem_.types.x != problem_.types.y) {
      return report_.skipped("backward", "x, dy and dx are of one type: " + problem_.types.str());
    }
    p_ = suited(problem_.technique, parameters_of(problem_.variant), problem_.sizes);
    if (const auto why = reason_to_skip(problem_, p_)) return report_.skipped("backward", *why);
    const Operands operands(problem_.technique, problem_.sizes, operand_type(problem_), p_);
    const auto seed = static_cast<unsigned>(problem_.sizes[1]);
    const DType type = problem_.types.x;
    const Array x = random_values(problem_.sizes, type, 1000 + seed);
    const Array dy = random_values(problem_.sizes, type, 2000 + seed, 0.2, 1);
    const ExpectedGradients expected = backward_oracle_named(problem_.technique.name)(x, dy, p_);
    x_bits_ = TestTensor(type, x).bits();
    dy_bits_ = TestTensor(type, dy).bits();
    for (const LayoutPair& layouts : layout_pairs()) {
      layouts_ = layouts;
      if (layouts.x != Layout::broadcast) {
        run(expected);
      } else {
        run(backward_oracle_named(problem_.technique.name)(memory_of(x_bits_, layouts.x, 0).read(), dy, p_));
      }
    }
  }

 private:
  TestTensor memory_of(const std::vector<std::byte>& bits, Layout layout, int off) const {
    TestTensor memory(problem_.types.x, problem_.sizes, layout, TestTensor::Role::input, off);
    memory.put(bits);
    return memory;
  }

  Report::Place place(Target target) const {
    return {"backward", problem_.technique.name, layouts_.str(), problem_.types.str(), target};
  }

  void run(const ExpectedGradients& expected) {
    static const std::set<Target> available = available_targets();
    for (const Target target : all_targets) {
      if (available.count(target) == 0) {
        report_.skipped("backward", std::string("this machine has no ") + name_of(target),
                        static_cast<long>(1 + variations().size()));
        continue;
      }
      Context context;
      context.target = target;
      run(expected, context);
    }
  }

  void run(const ExpectedGradients& expected, Context& context) {
    context.threads = 1;
    try {
      const TestTensor x = memory_of(x_bits_, layouts_.x, 0);
      const Outcome forward = test::run(problem_.technique, x, {problem_.types.y, layouts_.y}, p_, context);
      const Results saved = views(forward.results);
      const BackwardOutcome first = outcome({}, saved, context);
      judge(difference(first, expected), {}, context);
      const auto bits = first.bits();
      for (const Variation& variation : variations()) {
        if (variation.threads > 1 && !gives_threads_work(problem_)) continue;
        const BackwardOutcome other = outcome(variation, saved, context);
        std::string text = different_bits(bits, other);
        if (text.empty() && !other.dx.sentinels_intact()) text = "dx: written outside its elements";
        judge(text, variation, context);
      }
    } catch (const Error& error) {
      judge(std::string("refused: ") + error.what(), {}, context);
    }
  }

  BackwardOutcome outcome(const Variation& variation, const Results& saved, Context& context) {
    context.threads = variation.threads;
    context.store = variation.store;
    const TestTensor x = memory_of(x_bits_, layouts_.x, variation.x_off);
    TestTensor dy = memory_of(dy_bits_, layouts_.y, variation.x_off);
    const auto x_before = x.memory(), dy_before = dy.memory();
    if (variation.in_place) {
      const DType operand = problem_.types.x == DType::f64 ? DType::f64 : DType::f32;
      BackwardOutcome in_place{std::move(dy), gradient_memory(problem_.technique, problem_.sizes, operand, p_)};
      problem_.technique.run_backward(views(in_place), in_place.dx, x, p_, saved, context);
      return in_place;
    }
    BackwardOutcome apart =
        run_backward(problem_.technique, dy, x, {problem_.types.y, layouts_.y, variation.y_off}, p_, saved, context);
    if (x.memory() != x_before) judge("x: written to", variation, context);
    if (dy.memory() != dy_before) judge("dy: written to", variation, context);
    return apart;
  }

  void judge(const std::string& difference, const Variation& variation, const Context& context) {
    if (difference.empty()) return report_.passed(place(context.target));
    report_.failed(place(context.target), label(problem_, layouts_.str()) + " " + name_of(context.target) + " (" +
                                              variation.str() + ") " + difference);
  }

  const Problem& problem_;
  Report& report_;
  Parameters p_;
  std::vector<std::byte> x_bits_, dy_bits_;
  LayoutPair layouts_{};
};

}  // namespace

void sweep_backward(const Problem& problem, Report& report) { BackwardCase(problem, report).run(); }

}  // namespace poise::test
