#include <gtest/gtest.h>

#include "mpi/ranks.h"
#include "sync_ranks.h"

namespace poise::test {
namespace {

TEST(MpiSyncBatchNorm, IsBatchNormOfTheWholeBatch) {
  for (const DType type : floating_types) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::reversed}) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      expect_as_one_rank(world(), {type, layout});
    }
  }
  expect_as_one_rank(world(), {.options = {.mode = BatchNormMode::frozen}});
  expect_as_one_rank(world(), {.saved = false});
}

TEST(MpiSyncBatchNorm, InGroupsOfRanks) {
  MpiCommunicator group = world().split(world().rank() % 2);
  expect_as_one_rank(group, {.mean = world().rank() % 2 == 0 ? 0.5 : 20.0});
}

TEST(MpiSyncBatchNorm, AMismatchIsAnErrorOnEveryRank) {
  if (world().size() == 1) return;
  TestTensor y(DType::f32, Dims{4, 3});
  const TestTensor x(DType::f32, random_values({4, 3}, DType::f32, 1));
  const int last = world().size() - 1;
  EXPECT_REFUSES(Code::usage,
                 "[sync_batch_norm] eps: expected 1e-05 as on rank 0, got 0.001 on rank " + std::to_string(last),
                 sync_batch_norm(y, x, world(), {.eps = world().rank() == last ? 1e-3 : 1e-5}));
}

}  // namespace
}  // namespace poise::test
