// The conformance suite: every technique of the table x types x layouts x lengths around the vector width x alignments,
// in place, threads and store policies x every instruction set of this machine, against the oracle within
// tests/tolerance.h. A new technique is covered by its row in the technique table and its oracle.

#include <poise/error.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>

#include "cases.h"
#include "oracle.h"
#include "outcome.h"
#include "report.h"
#include "tolerance.h"

namespace poise::test {
namespace {

// Threads are given work only by calls larger than this; below, a variation of threads would test nothing.
constexpr std::int64_t bytes_for_threads = 1 << 18;

struct Problem {
  const Technique& technique;
  std::string_view variant;
  TypePair types;
  Dims sizes;
};

std::string label(const Problem& problem, const std::string& layout) {
  std::string text =
      std::string(problem.technique.name) + ":" + problem.types.str() + ":" + problem.sizes.str() + "@" + layout;
  if (!problem.variant.empty()) text += ":" + std::string(problem.variant);
  return text;
}

// Statistics of one value are refused in training; so are channels that the groups do not divide.
std::optional<std::string> reason_to_skip(const Problem& problem, const Parameters& p) {
  const Technique& technique = problem.technique;
  const std::string name = technique.name;
  if (problem.types.only_scaling() && !gives(technique, "center")) return "u8 is for input scaling: " + name;
  if (takes(technique, "groups") && problem.sizes[1] % p.groups != 0)
    return "groups do not divide the channels: " + name;
  const bool trains = takes(technique, "running_mean") && p.mode == BatchNormMode::training;
  const bool one_value =
      gives(technique, "mean") && problem.sizes.product() == technique.shape_of("mean", problem.sizes, p).product();
  if (one_value && (trains || takes(technique, "groups"))) return "one value per cell is refused: " + name;
  return std::nullopt;
}

std::set<Target> available_targets() {
  std::set<Target> targets;
  for (const Target target : all_targets) {
    if (target_available(target)) targets.insert(target);
  }
  return targets;
}

class Case {
 public:
  Case(const Problem& problem, Report& report) : problem_(problem), report_(report) {}

  void run() {
    Parameters p = parameters_of(problem_.variant);
    if (const auto why = reason_to_skip(problem_, p)) return report_.skipped(*why);
    // gamma and beta in another type now and then.
    const DType operand = problem_.sizes[1] % 3 == 0   ? DType::f64
                          : problem_.sizes[1] % 3 == 1 ? DType::f32
                                                       : DType::bf16;
    const Operands operands(problem_.technique, problem_.sizes, operand, p);
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
    return {problem_.technique.name, layouts_.str(), problem_.types.str(), target};
  }

  void run(const Parameters& p, const Expected& expected) {
    for (const Target target : all_targets) {
      static const std::set<Target> available = available_targets();
      if (available.count(target) == 0) {
        report_.skipped(std::string("this machine has no ") + name_of(target),
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
    judge(difference(*first, expected, roundings_of(context.target, problem_.types.x, p.gamma)), {}, context);
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
    const auto element = static_cast<std::int64_t>(size_of(problem_.types.x) + size_of(problem_.types.y));
    if (variation.threads > 1 && problem_.sizes.product() * element < bytes_for_threads) return false;
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

// A row of the table that this suite cannot judge, or that nothing else tests, is a failure that says its mend.
bool complete(const Technique& technique, Report& report) {
  const std::string name = technique.name;
  const auto tests = std::filesystem::path(__FILE__).parent_path().parent_path();
  bool all = true;
  if (oracle_named(name) == nullptr) {
    report.failed({name, "-", "-", Target::scalar}, name +
                                                        ": no oracle; add its paper's formula to "
                                                        "tests/oracle_*.cpp and its name to oracle_named");
    all = false;
  }
  if (!std::filesystem::exists(tests / (name + "_test.cpp"))) {
    report.failed({name, "-", "-", Target::scalar}, name + ": no test of its own; add tests/" + name + "_test.cpp");
  }
  return all;
}

void sweep(std::string_view only, bool quick, Report& report) {
  for (const Technique& technique : techniques()) {
    if (!only.empty() && only != technique.name) continue;
    if (!complete(technique, report)) continue;
    for (const std::string_view variant : variants_of(technique)) {
      for (const TypePair& types : type_pairs()) {
        for (const Dims& sizes : shapes(types, quick)) Case({technique, variant, types, sizes}, report).run();
      }
    }
  }
}

}  // namespace
}  // namespace poise::test

int main(int argc, char** argv) {
  bool quick = false;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick") {
      quick = true;
    } else if (argument == "--technique" && i + 1 < argc) {
      only = argv[++i];
    } else {
      std::printf("usage: %s [--quick] [--technique NAME]\n", argv[0]);
      return 2;
    }
  }
  poise::test::Report report;
  poise::test::sweep(only, quick, report);
  report.print();
  return report.all_passed() ? 0 : 1;
}
