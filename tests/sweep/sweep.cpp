// The conformance suite: every technique of the table, forward and backward x types x layouts x lengths around the
// vector width x alignments, in place, threads and store policies x every instruction set of this machine, against the
// oracle within tests/tolerance.h. A new technique is covered by its row in the technique table and its oracles.

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "oracle.h"
#include "oracle_backward.h"
#include "problem.h"

namespace poise::test {
namespace {

constexpr const char *forward = "forward", *backward = "backward";

std::string missing_oracle(const std::string& name, const char* files, const char* table) {
  return name + ": no oracle; add its paper's formula to " + files + " and its name to " + table;
}

// A row of the table that this suite cannot judge, or that nothing else tests, is a failure that says its mend.
bool complete(const Technique& technique, const char* direction, Report& report) {
  const std::string name = technique.name;
  const Report::Place nowhere{direction, name, "-", "-", Target::scalar};
  const auto tests = std::filesystem::path(POISE_SOURCE_DIR) / "tests";
  if (direction == forward && !std::filesystem::exists(tests / (name + "_test.cpp"))) {
    report.failed(nowhere, name + ": no test of its own; add tests/" + name + "_test.cpp");
  }
  if (direction == forward && oracle_named(name) == nullptr) {
    report.failed(nowhere, missing_oracle(name, "tests/oracle_*.cpp", "oracle_named"));
    return false;
  }
  if (direction == backward && backward_oracle_named(name) == nullptr) {
    report.failed(nowhere, missing_oracle(name, "tests/oracle_backward*.cpp", "backward_oracle_named"));
    return false;
  }
  return true;
}

struct Asked {
  bool quick = false;
  long every = 1;  // of its problems, one in so many: under sanitizers all of them take too long
  long seen = 0;   // problems so far
  std::string_view technique, direction;
};

void sweep(const Technique& technique, const char* direction, Asked& asked, Report& report) {
  if (direction == backward && technique.run_backward == nullptr) {
    return report.skipped(direction, std::string("has no backward pass: ") + technique.name);
  }
  if (!complete(technique, direction, report)) return;
  for (const std::string_view variant : variants_of(technique)) {
    for (const TypePair& types : type_pairs()) {
      for (const Dims& sizes : shapes(types, asked.quick)) {
        if (asked.seen++ % asked.every != 0) continue;
        const Problem problem{technique, variant, types, sizes};
        direction == forward ? sweep_forward(problem, report) : sweep_backward(problem, report);
      }
    }
  }
}

}  // namespace
}  // namespace poise::test

int main(int argc, char** argv) {
  using namespace poise::test;
  Asked asked;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool valued = i + 1 < argc;
    if (argument == "--quick") {
      asked.quick = true;
    } else if (argument == "--every" && valued && std::atol(argv[i + 1]) > 0) {
      asked.every = std::atol(argv[++i]);
    } else if (argument == "--technique" && valued) {
      asked.technique = argv[++i];
    } else if (argument == "--direction" && valued &&
               (argv[i + 1] == std::string_view(forward) || argv[i + 1] == std::string_view(backward))) {
      asked.direction = argv[++i];
    } else {
      std::printf("usage: %s [--quick] [--every N] [--technique NAME] [--direction forward|backward]\n", argv[0]);
      return 2;
    }
  }
  Report report;
  for (const char* direction : {forward, backward}) {
    if (!asked.direction.empty() && asked.direction != direction) continue;
    for (const poise::Technique& t : poise::techniques()) {
      if (asked.technique.empty() || asked.technique == t.name) sweep(t, direction, asked, report);
    }
  }
  report.print();
  return report.all_passed() ? 0 : 1;
}
