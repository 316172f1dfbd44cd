#include <gtest/gtest.h>

#include <mpi.h>

#include <utility>
#include <vector>

#include "cluster/agreement.h"
#include "expect.h"
#include "mpi/ranks.h"

namespace poise::test {
namespace {

// What each rank hands over, in rank order.
std::vector<std::int64_t> gathered(Communicator& ranks, std::int64_t mine) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(ranks.size()), -1);
  ranks.all_gather(&mine, sizeof mine, all.data());
  return all;
}

TEST(Mpi, IsThere) { EXPECT_TRUE(mpi_available()); }

TEST(Mpi, GathersInRankOrder) {
  const std::vector<std::int64_t> all = gathered(world(), 100 + world().rank());
  for (int r = 0; r < world().size(); ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], 100 + r);
  world().all_gather(nullptr, 0, nullptr);
}

TEST(Mpi, TakesTheCallersCommunicatorAndMoves) {
  MpiCommunicator ranks(MPI_Comm_c2f(MPI_COMM_WORLD));
  EXPECT_EQ(ranks.rank(), world().rank());
  MpiCommunicator moved = std::move(ranks);
  EXPECT_EQ(gathered(moved, moved.rank()), gathered(world(), world().rank()));
  EXPECT_REFUSES(Code::usage, "[mpi] communicator: expected one, got MPI_COMM_NULL",
                 MpiCommunicator(MPI_Comm_c2f(MPI_COMM_NULL)));
}

TEST(Mpi, SplitMakesGroupsInTheOrderOfTheRanks) {
  const int color = world().rank() % 2;
  MpiCommunicator group = world().split(color);
  EXPECT_EQ(group.size(), (world().size() + 1 - color) / 2);
  EXPECT_EQ(group.rank(), world().rank() / 2);
  const std::vector<std::int64_t> all = gathered(group, world().rank());
  for (int r = 0; r < group.size(); ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], 2 * r + color);
}

TEST(Mpi, ABadColorIsAnErrorThatTheOthersOutlive) {
  const bool bad = world().rank() == world().size() - 1;
  if (bad) {
    EXPECT_REFUSES(Code::usage, "[mpi] color: expected a number of at least 0, got -1", world().split(-1));
  } else {
    EXPECT_EQ(world().split(0).size(), world().size() - 1);
  }
}

TEST(Mpi, AnErrorOnOneRankIsAnErrorOnAll) {
  const int last = world().size() - 1;
  Context context;
  Agreement agreement("norm", world(), context);
  try {
    agreement.reach([&] {
      if (world().rank() == last) throw Error(Code::shape, "wrong");
    });
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::shape);
    EXPECT_EQ(error.what(), world().rank() == last
                                ? std::string("wrong")
                                : "[norm] rank " + std::to_string(last) + ": expected no error, got wrong");
  }
}

}  // namespace
}  // namespace poise::test
