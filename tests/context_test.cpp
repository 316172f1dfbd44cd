// Threads, instruction sets and store policies change speed only; the environment is obeyed; a plan says what runs.

#include <poise/context.h>
#include <poise/group_norm.h>
#include <poise/technique.h>

#include <omp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace poise::test {
namespace {

// Large enough that every plan has cells, pieces or blocks for sixteen threads.
const Dims large{18, 24, 48, 66};
const Dims large_planes{4, 8, 128, 130};  // for layouts whose positions are the outermost

Parameters parameters_for(const Technique& technique) {
  Parameters p;
  if (takes(technique, "groups")) p.groups = 8;
  return p;
}

// Every technique on x with these numbers of threads against one thread.
void expect_same_bits(const TestTensor& x, Layout layout, std::initializer_list<int> numbers,
                      Parameters (*parameters)(const Technique&)) {
  for (const Technique& technique : techniques()) {
    SCOPED_TRACE(std::string(technique.name) + " " + name_of(layout));
    // A cell a thread: few cells use few threads.
    const std::string_view name = technique.name;
    const bool by_cells = name == "lp_norm" || name == "ghost_batch_norm" || name == "spectral_norm";
    Parameters p = suited(technique, parameters(technique), x.view().sizes());
    const Operands operands(technique, x.view().sizes(), DType::f32, p);
    Context context;
    context.threads = 1;
    const auto one = run(technique, x, {DType::f32, layout}, p, context).bits();
    EXPECT_EQ(context.threads_used(), 1);
    for (const int threads : numbers) {
      context.threads = threads;
      const Outcome many = run(technique, x, {DType::f32, layout}, p, context);
      EXPECT_TRUE(by_cells || context.threads_used() == threads) << context.plan();
      EXPECT_SAME_BITS(one, many);
    }
  }
}

TEST(Threads, OneToSixteenGiveTheSameBits) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed}) {
    const Dims& sizes = layout == Layout::transposed ? large_planes : large;
    expect_same_bits(TestTensor(DType::f32, random_values(sizes, DType::f32, 1), layout), layout, {2, 3, 7, 16},
                     parameters_for);
  }
}

Parameters parameters_for_few_cells(const Technique& technique) {
  Parameters p;
  if (takes(technique, "groups")) p.groups = 2;
  if (takes(technique, "axes")) p.axes = {1, 2, 3};
  return p;
}

TEST(Threads, FewLargeCellsAreSharedWithTheSameBits) {
  for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
    const TestTensor x(DType::f32, random_values({2, 2, 700, 701}, DType::f32, 2), layout);
    expect_same_bits(x, layout, {2, 7}, parameters_for_few_cells);
  }
}

// One call that would use many threads, and its bits.
struct Call {
  Call() {
    context.threads = 7;
    group_norm(y, x, {.groups = 8}, {}, context);
  }
  Context context;
  TestTensor x{DType::f32, random_values(large, DType::f32, 3)}, y{DType::f32, large};
};

TEST(Threads, SerialInsideAParallelRegionOfTheCaller) {
  const Call outside;
  ASSERT_EQ(outside.context.threads_used(), 7);
  std::array<int, 2> used{};
  std::array<bool, 2> same{};
#pragma omp parallel num_threads(2)
  {
    const auto t = static_cast<std::size_t>(omp_get_thread_num());
    const Call inside;
    used[t] = inside.context.threads_used();
    same[t] = inside.y.bits() == outside.y.bits();
  }
  EXPECT_EQ(used, (std::array<int, 2>{1, 1}));
  EXPECT_EQ(same, (std::array<bool, 2>{true, true}));
}

TEST(Threads, SerialInAForkedChild) {
  const Call parent;  // starts the pool that does not survive the fork
  ASSERT_EQ(parent.context.threads_used(), 7);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Call forked;
    const bool right = forked.context.threads_used() == 1 && forked.y.bits() == parent.y.bits();
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Threads, EachThreadHasItsOwnDefaultContext) {
  const Context* other = nullptr;
  std::thread([&] { other = &default_context(); }).join();
  EXPECT_EQ(&default_context(), &default_context());
  EXPECT_NE(&default_context(), other);
}

TEST(Stores, EveryPolicyGivesTheSameBits) {
  for (const Technique& technique : techniques()) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::sliced}) {
      for (const DType type : floating_types) {
        SCOPED_TRACE(std::string(technique.name) + " " + name_of(layout) + " " + name_of(type));
        const Dims sizes{6, 24, 17, 23};
        Parameters p = suited(technique, parameters_for(technique), sizes);
        const Operands operands(technique, sizes, DType::f32, p);
        const TestTensor x(type, random_values(sizes, type, 4), layout);
        Context context;
        context.store = StorePolicy::cached;
        const Outcome cached = run(technique, x, {type, layout}, p, context);
        for (const StorePolicy policy : {StorePolicy::automatic, StorePolicy::streaming}) {
          context.store = policy;
          for (const int off : {0, 1, 5}) {
            const Outcome other = run(technique, x, {type, layout, off}, p, context);
            EXPECT_SAME_BITS(cached, other);
            EXPECT_TRUE(other.y.sentinels_intact());
          }
        }
      }
    }
  }
}

// Rows that take turns where y is streamed and follow each other where it is cached: the float32 blocks of their sums
// must end at the same elements.
TEST(Stores, NarrowRowsThatTakeTurnsHaveTheSameSums) {
  constexpr std::int64_t rows = 4, length = 1501;
  for (const DType type : {DType::bf16, DType::f16}) {
    const TestTensor x(type, random_values({rows, length}, type, 5)), y(type, {rows, length});
    double mean[2][rows] = {}, rstd[2][rows] = {};
    for (const int streamed : {0, 1}) {
      Context context;
      context.store = streamed != 0 ? StorePolicy::streaming : StorePolicy::cached;
      layer_norm(y, x, {}, {.mean = {mean[streamed], Dims{rows}}, .rstd = {rstd[streamed], Dims{rows}}}, context);
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      EXPECT_EQ(mean[0][row], mean[1][row]) << name_of(type);
      EXPECT_EQ(rstd[0][row], rstd[1][row]) << name_of(type);
    }
  }
}

TEST(Targets, EachAvailableOneRunsAndSaysSo) {
  int available = 0;
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    ++available;
    Context context;
    context.target = target;
    const TestTensor x(DType::f32, random_values({4, 8, 9}, DType::f32, 5));
    TestTensor y(DType::f32, x.view().sizes());
    group_norm(y, x, {.groups = 2}, {}, context);
    Parameters p;
    p.groups = 2;
    EXPECT_RIGHT(y, oracle_named("group_norm")(x.read(), p));
    EXPECT_NE(context.plan().find(name_of(target)), std::string::npos) << context.plan();
  }
  EXPECT_GE(available, 1);
  EXPECT_TRUE(target_available(Target::scalar));
  EXPECT_TRUE(target_available(active_target()));
}

TEST(Plan, ExplainsWithoutTouchingData) {
  for (const Technique& technique : techniques()) {
    Context context;
    context.explain_only = true;
    const TestTensor x(DType::f32, random_values({4, 8, 9}, DType::f32, 6));
    Parameters p = suited(technique, parameters_for(technique), x.view().sizes());
    const Operands operands(technique, x.view().sizes(), DType::f32, p);
    TestTensor y(DType::f32, x.view().sizes());
    const auto before = y.memory();
    technique.run(y, x, p, {}, context);
    EXPECT_EQ(y.memory(), before);
    EXPECT_EQ(context.plan().rfind(std::string(technique.name) + " f32 ", 0), 0U) << context.plan();
    EXPECT_NE(context.plan().find(" threads=1"), std::string::npos) << context.plan();
  }
}

TEST(Plan, IsTheSameTextWithAndWithoutTouchingData) {
  const TestTensor x(DType::f32, random_values({4, 8, 9}, DType::f32, 6));
  TestTensor y(DType::f32, x.view().sizes());
  Context context;
  group_norm(y, x, {.groups = 2}, {}, context);
  const std::string ran = context.plan();
  context.explain_only = true;
  group_norm(y, x, {.groups = 2}, {}, context);
  EXPECT_EQ(context.plan(), ran);
}

// What a fresh process with this environment prints: the tests named InChild below, which are disabled here.
std::string in_child(const std::string& environment, const std::string& test) {
  std::array<char, 4096> path{};
  if (readlink("/proc/self/exe", path.data(), path.size() - 1) <= 0) return "no path";
  const std::string command = "GTEST_TOTAL_SHARDS=1 GTEST_SHARD_INDEX=0 " + environment + " '" + path.data() +
                              "' --gtest_also_run_disabled_tests --gtest_filter='InChild.DISABLED_" + test + "' 2>&1";
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "no pipe";
  std::array<char, 512> line{};
  while (fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) text += line.data();
  pclose(pipe);
  return text;
}

TEST(InChild, DISABLED_PrintsThreadsAndTarget) {
  Call call;
  call.context.threads = 0;
  group_norm(call.y, call.x, {.groups = 8}, {}, call.context);
  std::printf("threads_used=%d target=%s\n", call.context.threads_used(), name_of(active_target()));
}

TEST(InChild, DISABLED_PrintsTheRefusal) {
  try {
    active_target();
  } catch (const Error& error) {
    std::printf("code=%d %s\n", static_cast<int>(error.code()), error.what());
  }
}

TEST(Environment, NumberOfThreads) {
  for (const char* threads : {"1", "3", "7"}) {
    const std::string text = in_child(std::string("POISE_THREADS=") + threads, "PrintsThreadsAndTarget");
    EXPECT_NE(text.find(std::string("threads_used=") + threads + " "), std::string::npos) << text;
  }
}

TEST(Environment, ForcesEachAvailableTarget) {
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    const std::string text = in_child(std::string("POISE_TARGET=") + name_of(target), "PrintsThreadsAndTarget");
    EXPECT_NE(text.find(std::string("target=") + name_of(target) + "\n"), std::string::npos) << text;
  }
}

TEST(Environment, RefusesATargetThatIsNone) {
  const std::string text = in_child("POISE_TARGET=mmx", "PrintsTheRefusal");
  const std::string expected = "code=" + std::to_string(static_cast<int>(Code::usage)) +
                               " [target] POISE_TARGET: expected scalar, sse4, avx2 or avx512, got "
                               "\"mmx\"\n";
  EXPECT_NE(text.find(expected), std::string::npos) << text;
}

}  // namespace
}  // namespace poise::test
