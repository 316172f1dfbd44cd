#include <poise/error.h>

#include "oracle.h"
#include "problem.h"
#include "tolerance.h"

namespace poise::test {
namespace {

class ForwardCase {
 public:
  ForwardCase(const Problem& problem, Report& report) : problem_(problem), report_(report) {}

  void run() {
    Parameters p = suited(problem_.technique, parameters_of(problem_.variant), problem_.sizes);
    if (const auto why = reason_to_skip(problem_, p)) return report_.skipped("forward", *why);
    const Operands operands(problem_.technique, problem_.sizes, operand_type(problem_), p);
    const Array values =
        random_values(problem_.sizes, problem_.types.x, 1000 + static_cast<unsigned>(problem_.sizes[1]));
    const Expected expected = oracle_named(problem_.technique.name)(values, p);
    bits_ = TestTensor(problem_.types.x, values).bits();
    for (const LayoutPair& layouts : layout_pairs()) {
      layouts_ = layouts;
      if (layouts.x != Layout::broadcast) {
        run(p, expected);
      } else {
        run(p, oracle_named(problem_.technique.name)(input(0).read(), p));
      }
    }
  }

 private:
  TestTensor input(int off) const {
    TestTensor x(problem_.types.x, problem_.sizes, layouts_.x, TestTensor::Role::input, off);
    x.put(bits_);
    return x;
  }

  Report::Place place(Target target) const {
    return {"forward", problem_.technique.name, layouts_.str(), problem_.types.str(), target};
  }

  void run(const Parameters& p, const Expected& expected) {
    for (const Target target : all_targets) {
      static const std::set<Target> available = available_targets();
      if (available.count(target) == 0) {
        report_.skipped("forward", std::string("this machine has no ") + name_of(target),
                        static_cast<long>(1 + variations().size()));
        continue;
      }
      Context context;
      context.target = target;
      run(p, expected, context);
    }
  }

  void run(const Parameters& p, const Expected& expected, Context& context) {
    const std::optional<Outcome> first = outcome({}, p, context);
    if (!first) return;
    judge(difference(*first, expected, roundings_of(context.target, problem_.types.x, p.gamma, p.gamma_offset)), {},
          context);
    const auto bits = first->bits();
    for (const Variation& variation : variations()) {
      if (!applies(variation)) continue;
      if (const auto other = outcome(variation, p, context)) {
        std::string text = different_bits(bits, *other);
        if (text.empty() && !other->y.sentinels_intact()) text = "y: written outside its elements";
        judge(text, variation, context);
      }
    }
  }

  bool applies(const Variation& variation) {
    if (variation.threads > 1 && !gives_threads_work(problem_)) return false;
    return !variation.in_place || (problem_.types.x == problem_.types.y && layouts_.x == layouts_.y);
  }

  std::optional<Outcome> outcome(const Variation& variation, const Parameters& p, Context& context) {
    context.threads = variation.threads;
    context.store = variation.store;
    TestTensor x = input(variation.x_off);
    const auto before = x.memory();
    try {
      if (variation.in_place) {
        Outcome in_place{std::move(x), result_memory(problem_.technique, problem_.sizes, p)};
        problem_.technique.run(in_place.y, in_place.y, p, views(in_place.results), context);
        return in_place;
      }
      Outcome apart = test::run(problem_.technique, x, {problem_.types.y, layouts_.y, variation.y_off}, p, context);
      if (x.memory() != before) judge("x: written to", variation, context);
      return apart;
    } catch (const Error& error) {
      judge(std::string("refused: ") + error.what(), variation, context);
      return std::nullopt;
    }
  }

  void judge(const std::string& difference, const Variation& variation, const Context& context) {
    if (difference.empty()) return report_.passed(place(context.target));
    report_.failed(place(context.target), label(problem_, layouts_.str()) + " " + name_of(context.target) + " (" +
                                              variation.str() + ") " + difference);
  }

  const Problem& problem_;
  Report& report_;
  std::vector<std::byte> bits_;
  LayoutPair layouts_{};
};

}  // namespace

void sweep_forward(const Problem& problem, Report& report) { ForwardCase(problem, report).run(); }

}  // namespace poise::test
