// Tests of ranks by MPI; tests/mpi_test.sh runs them on several numbers of ranks. Every rank runs every test; rank 0
// reports, the others only what fails.

#include <gtest/gtest.h>

#include <cstdio>

#include "mpi/ranks.h"

namespace poise::test {
namespace {

class Failures final : public ::testing::EmptyTestEventListener {
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::printf("rank %d: %s:%d: %s\n", world().rank(), result.file_name(), result.line_number(), result.message());
  }
};

}  // namespace

MpiCommunicator& world() {
  static MpiCommunicator ranks = MpiCommunicator::world();
  return ranks;
}

}  // namespace poise::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (poise::test::world().rank() != 0) {
    ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new poise::test::Failures);
  }
  return RUN_ALL_TESTS();
}
