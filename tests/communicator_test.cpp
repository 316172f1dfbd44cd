// What ranks agree on before they work together, and what they merge: on ranks that are threads.

#include <poise/communicator.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "cluster/agreement.h"
#include "cluster/merge_ranks.h"
#include "expect.h"
#include "thread_ranks.h"

namespace poise::test {
namespace {

TEST(Communicator, OneProcessIsRankZeroOfOne) {
  Communicator& one = single_process();
  EXPECT_EQ(one.rank(), 0);
  EXPECT_EQ(one.size(), 1);
  const double mine[] = {1, 2, 3};
  double all[3] = {};
  one.all_gather(mine, sizeof mine, all);
  EXPECT_EQ(std::memcmp(mine, all, sizeof mine), 0);
  one.all_gather(nullptr, 0, nullptr);
}

// Each rank's validation is `validate(rank, agreement)`; what each rank throws.
template <class F>
std::vector<std::string> agree(int size, F validate) {
  std::vector<std::string> texts;
  for (const std::exception_ptr& thrown : ThreadRanks::run(size, [&](Communicator& ranks) {
         Context context;
         Agreement agreement("norm", ranks, context);
         agreement.reach([&] { validate(ranks.rank(), agreement); });
         // The collective that follows: whoever gets here must not be alone.
         int all[8] = {};
         const int mine = ranks.rank();
         ranks.all_gather(&mine, sizeof mine, all);
       })) {
    texts.push_back(said(thrown));
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Agreement, RanksThatSayTheSameGoOn) {
  for (const int size : {1, 2, 5}) {
    const Texts texts = agree(size, [](int, Agreement& a) {
      a.term("channels", Dims{64, 3}.str());
      a.term("eps", 1e-5);
    });
    EXPECT_EQ(texts, Texts(static_cast<std::size_t>(size)));
  }
}

TEST(Agreement, ATermThatDiffersIsTheSameErrorOnEveryRank) {
  const Texts texts = agree(3, [](int rank, Agreement& a) {
    a.term("channels", 64);
    a.term("eps", rank == 1 ? 1e-3 : 1e-5);
    a.term("mode", "training");
  });
  EXPECT_EQ(texts, Texts(3, "[norm] eps: expected 1e-05 as on rank 0, got 0.001 on rank 1"));
}

TEST(Agreement, ATermThatOnlyContinuesAnotherDiffersToo) {
  const Texts texts = agree(2, [](int rank, Agreement& a) { a.term("channels", rank == 0 ? 6 : 64); });
  EXPECT_EQ(texts, Texts(2, "[norm] channels: expected 6 as on rank 0, got 64 on rank 1"));
}

TEST(Agreement, AnErrorOnOneRankIsAnErrorOnEveryRank) {
  const Texts texts = agree(4, [](int rank, Agreement& a) {
    a.term("channels", 64);
    if (rank == 2) throw Error(Code::shape, "[norm] x: expected 3 axes, got 2");
  });
  const std::string others = "[norm] rank 2: expected no error, got [norm] x: expected 3 axes, got 2";
  EXPECT_EQ(texts, (Texts{others, others, "[norm] x: expected 3 axes, got 2", others}));
}

TEST(Agreement, TheOthersHearTheFirstOfSeveralErrorsWithItsCode) {
  std::vector<Code> codes(3, Code::usage);
  ThreadRanks::run(3, [&](Communicator& ranks) {
    Context context;
    Agreement agreement("norm", ranks, context);
    try {
      agreement.reach([&] {
        if (ranks.rank() == 1) throw Error(Code::refused, "one");
        if (ranks.rank() == 2) throw std::runtime_error(std::string(5000, 'x'));
      });
    } catch (const Error& error) {
      codes[static_cast<std::size_t>(ranks.rank())] = error.code();
    } catch (const std::runtime_error&) {
      codes[static_cast<std::size_t>(ranks.rank())] = Code::data;
    }
  });
  EXPECT_EQ(codes, (std::vector<Code>{Code::refused, Code::refused, Code::data}));
}

TEST(Agreement, TwoDifferentCallsMeet) {
  const std::vector<std::exception_ptr> thrown = ThreadRanks::run(2, [](Communicator& ranks) {
    Context context;
    Agreement agreement(ranks.rank() == 0 ? "forward" : "backward", ranks, context);
    agreement.reach([] {});
  });
  EXPECT_EQ(said(thrown[0]), "[forward] call: expected forward as on rank 0, got backward on rank 1");
  EXPECT_EQ(said(thrown[1]), "[backward] call: expected forward as on rank 0, got backward on rank 1");
}

TEST(Agreement, TermsBeyondTheHeaderAreLeftOut) {
  const Texts texts = agree(2, [](int rank, Agreement& a) {
    a.term("long", std::string(2000, 'x'));
    a.term("after", rank);
  });
  EXPECT_EQ(texts, Texts(2));
}

// The merge law: any cut of one sequence, empty and single parts among them, gives the whole's moments.
TEST(MergeRanks, AnyCutGivesTheWholeOnEveryRankWithTheSameBits) {
  const Array values = random_values({1000}, DType::f64, 3, 1e5, 1);
  Real mean = 0, m2 = 0;
  for (const Real v : values.values) mean += v / 1000;
  for (const Real v : values.values) m2 += (v - mean) * (v - mean);
  for (const std::vector<std::size_t>& cuts :
       {std::vector<std::size_t>{0, 1000}, {0, 1, 1, 1000}, {0, 0, 500, 999, 1000, 1000}}) {
    const int size = static_cast<int>(cuts.size()) - 1;
    std::vector<Measured> got(static_cast<std::size_t>(size));
    ThreadRanks::run(size, [&](Communicator& ranks) {
      const auto r = static_cast<std::size_t>(ranks.rank());
      Measured mine[2] = {};
      for (std::size_t i = cuts[r]; i < cuts[r + 1]; ++i) {
        merge(mine[1], {.count = 1, .mean = static_cast<double>(values[i])});
      }
      std::vector<Measured> gathered(2 * static_cast<std::size_t>(size));
      merge_ranks(mine, gathered, ranks);
      EXPECT_EQ(mine[0].count, 0);
      got[r] = mine[1];
    });
    for (const Measured& m : got) {
      EXPECT_EQ(std::memcmp(&m, got.data(), sizeof m), 0);
      EXPECT_EQ(m.count, 1000);
      // 1000 merges, each of a few roundings of a deviation (4 sd at most), not of the mean: it is hi + lo.
      EXPECT_NEAR(static_cast<double>(m.mean + Real{m.mean_lo} - mean), 0, 1000 * 4 * 4 * 0x1p-53);
      EXPECT_NEAR(m.m2, static_cast<double>(m2), 1000 * 6 * 0x1p-53 * m.m2);
    }
  }
}

TEST(MergeRanks, SumsAddInRankOrder) {
  ThreadRanks::run(3, [](Communicator& ranks) {
    // (1e20 - 1e20) + 1 would be 1.
    GradientSums mine[] = {{2, ranks.rank() == 0 ? 1.0 : ranks.rank() == 1 ? 1e20 : -1e20, 1.0 + ranks.rank()}};
    GradientSums gathered[3];
    merge_ranks(mine, gathered, ranks);
    EXPECT_EQ(mine[0].count, 6);
    EXPECT_EQ(mine[0].s0, (1.0 + 1e20) - 1e20);
    EXPECT_EQ(mine[0].s1, 6);
  });
}

}  // namespace
}  // namespace poise::test
