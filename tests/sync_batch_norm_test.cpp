// Synchronized batch norm on ranks that are threads; tests/mpi has the same over MPI.

#include <poise/sync_batch_norm.h>

#include <cstring>

#include "sync_ranks.h"
#include "thread_ranks.h"

namespace poise::test {
namespace {

void expect_as_one_rank(int size, const SyncCase& c) {
  for (const std::exception_ptr& thrown :
       ThreadRanks::run(size, [&](Communicator& ranks) { test::expect_as_one_rank(ranks, c); })) {
    EXPECT_EQ(said(thrown), "");
  }
}

TEST(SyncBatchNorm, IsBatchNormOfTheWholeBatchInEveryTypeAndLayout) {
  for (const DType type : floating_types) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed, Layout::reversed}) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      expect_as_one_rank(5, {type, layout});
    }
  }
}

TEST(SyncBatchNorm, AnyNumberOfRanks) {
  for (const int size : {1, 2, 3, 4, 7}) {
    SCOPED_TRACE(size);
    expect_as_one_rank(size, {});
    expect_as_one_rank(size, {.saved = false});
  }
}

TEST(SyncBatchNorm, EveryMode) {
  for (const BatchNormMode mode : {BatchNormMode::training, BatchNormMode::evaluation, BatchNormMode::frozen}) {
    expect_as_one_rank(3, {.options = {.mode = mode, .eps = 1e-3, .eps_place = EpsPlace::outside}});
  }
}

TEST(SyncBatchNorm, EveryOption) {
  expect_as_one_rank(4, {.options = {.channel_axes = {2, 1}, .eps = 0}});
  expect_as_one_rank(
      4, {.options = {.divisor = Divisor::sample, .running_divisor = Divisor::population, .momentum = 0.3}});
}

// The means of the ranks are merged as hi + lo.
TEST(SyncBatchNorm, AMeanFarAboveTheDeviation) {
  for (const DType type : {DType::f32, DType::f64}) expect_as_one_rank(5, {.type = type, .mean = 2e5});
}

TEST(SyncBatchNorm, OneRankHasTheBitsOfBatchNorm) {
  const Dims shape{4, 6, 5, 7};
  const TestTensor x(DType::f32, random_values(shape, DType::f32, 1)),
      dy(DType::f32, random_values(shape, DType::f32, 2));
  TestTensor y(DType::f32, shape), other_y(DType::f32, shape), mean(DType::f64, Dims{6}), rstd(DType::f64, Dims{6});
  sync_batch_norm(y, x, single_process(), {}, {mean, rstd, {}, {}});
  batch_norm(other_y, x);
  EXPECT_EQ(y.bits(), other_y.bits());
  TestTensor dx(DType::f32, shape), other_dx(DType::f32, shape);
  sync_batch_norm_backward({.dx = dx}, dy, x, single_process(), {mean, rstd, {}, {}});
  batch_norm_backward({.dx = other_dx}, dy, x, {mean, rstd, {}, {}});
  EXPECT_EQ(dx.bits(), other_dx.bits());
}

// Each rank's call on its own (4, 6, 5) tensor; what each rank throws.
template <class F>
std::vector<std::string> texts(int size, F call) {
  std::vector<std::string> result;
  for (const std::exception_ptr& thrown : ThreadRanks::run(size, [&](Communicator& ranks) {
         const TestTensor x(DType::f32, random_values({4, 6, 5}, DType::f32, 1));
         TestTensor y(DType::f32, x.view().sizes());
         const auto before = y.bits();
         try {
           call(y, x, ranks);
         } catch (...) {
           EXPECT_EQ(y.bits(), before);
           throw;
         }
       })) {
    result.push_back(said(thrown));
  }
  return result;
}
using Texts = std::vector<std::string>;

TEST(SyncBatchNorm, OptionsThatDifferAreAnErrorOnEveryRank) {
  const auto differing = [](const BatchNormOptions& odd) {
    return texts(3, [&](TensorView y, ConstTensorView x, Communicator& ranks) {
      sync_batch_norm(y, x, ranks, ranks.rank() == 2 ? odd : BatchNormOptions{});
    });
  };
  const auto all = [](const std::string& text) { return Texts(3, "[sync_batch_norm] " + text); };
  EXPECT_EQ(differing({.eps = 1e-3}), all("eps: expected 1e-05 as on rank 0, got 0.001 on rank 2"));
  EXPECT_EQ(differing({.channel_axes = {2}}), all("channels: expected 6 as on rank 0, got 5 on rank 2"));
  EXPECT_EQ(differing({.divisor = Divisor::sample}),
            all("divisor: expected population as on rank 0, got sample on rank 2"));
  const std::vector<float> six(6, 1.0F);
  const ConstTensorView v(six.data(), {6});
  EXPECT_EQ(differing({.gamma = v}), all("gamma: expected false as on rank 0, got true on rank 2"));
  EXPECT_EQ(differing({.mode = BatchNormMode::evaluation, .running_mean = v, .running_var = v}),
            all("mode: expected training as on rank 0, got evaluation on rank 2"));
}

TEST(SyncBatchNorm, AnErrorOnOneRankIsAnErrorOnEveryRank) {
  const std::string own = "[sync_batch_norm] gamma: expected 6, got 5";
  const std::string heard = "[sync_batch_norm] rank 1: expected no error, got " + own;
  const std::vector<float> five(5, 1.0F);
  const BatchNormOptions wrong{.gamma = {five.data(), {5}}};
  const auto options = [&](const Communicator& ranks) { return ranks.rank() == 1 ? wrong : BatchNormOptions{}; };
  EXPECT_EQ(texts(3, [&](TensorView y, ConstTensorView x,
                         Communicator& ranks) { sync_batch_norm(y, x, ranks, options(ranks)); }),
            (Texts{heard, own, heard}));
  const std::string backward = "[sync_batch_norm_backward] rank 1: expected no error, got " + own;
  EXPECT_EQ(
      texts(3, [&](TensorView y, ConstTensorView x,
                   Communicator& ranks) { sync_batch_norm_backward({.dx = y}, x, x, ranks, {}, options(ranks)); }),
      (Texts{backward, own, backward}));
}

// What is fused comes before the statistics, yet what it writes comes after all have agreed: also where the error is
// one that only all ranks together have.
TEST(SyncBatchNorm, AnErrorOnAnyRankLeavesSumsAndGatesUnwritten) {
  const Dims shape{1, 6};
  const std::vector<float> five(5, 1.0F);
  for (const bool alone : {true, false}) {
    const auto thrown = ThreadRanks::run(alone ? 1 : 3, [&](Communicator& ranks) {
      BatchNormOptions o;
      if (ranks.rank() == 1) o.gamma = {five.data(), {5}};
      const TestTensor x(DType::f32, random_values(shape, DType::f32, 1)),
          residual(DType::f32, random_values(shape, DType::f32, 2));
      TestTensor y(DType::f32, shape), sum(DType::f32, shape), dx(DType::f32, shape), dresidual(DType::f32, shape);
      const auto before = sum.memory();
      o.epilogue = {.residual = residual, .sum = sum};
      EXPECT_THROW(sync_batch_norm(y, x, ranks, o), Error);
      TestTensor mean(DType::f64, Dims{6}), rstd(DType::f64, Array({6}, 1));
      for (const Activation a : {Activation::relu, Activation::gelu}) {
        o.epilogue = {.activation = a, .y = x};
        EXPECT_THROW(sync_batch_norm_backward({.dx = dx, .dresidual = dresidual}, x, x, ranks, {}, o), Error);
        EXPECT_THROW(sync_batch_norm_backward({.dx = dx}, x, x, ranks, {mean, rstd}, o), Error);
      }
      for (const TestTensor* out : {&y, &sum, &dx, &dresidual}) EXPECT_EQ(out->memory() == before, true);
    });
    for (const auto& error : thrown) EXPECT_EQ(said(error), "");
  }
}

// Of contiguous memory the very bits; of other layouts the order of sums differs.
TEST(SyncBatchNorm, OneRankIsBatchNormWithAnEpilogue) {
  const Dims shape{3, 6, 5, 7};
  const auto all = [&](Activation a, Layout layout, bool in_place, auto forward, auto backward) {
    const auto memory = [&](std::uint64_t seed) {
      return TestTensor(DType::f32, random_values(shape, DType::f32, seed), layout);
    };
    TestTensor x = memory(1), y = memory(2), sum = memory(2), dx = memory(2), gated = memory(2), alone = memory(2);
    TestTensor dgamma(DType::f64, Dims{6});
    const TestTensor residual = memory(3), dy = memory(4);
    const TensorView to = in_place ? x : sum;
    forward(y, x, BatchNormOptions{.epilogue = {.residual = residual, .sum = to, .activation = a}});
    const BatchNormOptions o{.epilogue = {.activation = a, .y = y}};
    backward(Gradients{.dx = dx, .dgamma = dgamma, .dresidual = gated}, dy, to, o);
    backward(Gradients{.dresidual = alone}, dy, to, o);
    std::vector<Real> values;
    for (const TestTensor* t : {&x, &y, &sum, &dx, &gated, &dgamma, &alone}) {
      const Array read = t->read();
      values.insert(values.end(), read.values.begin(), read.values.end());
    }
    return values;
  };
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::sliced}) {
    for (const auto& [a, in_place] :
         {std::pair{Activation::relu, false}, std::pair{Activation::relu, true}, std::pair{Activation::gelu, true}}) {
      const auto batch = all(
          a, layout, in_place, [](TensorView y, ConstTensorView x, const BatchNormOptions& o) { batch_norm(y, x, o); },
          [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const BatchNormOptions& o) {
            batch_norm_backward(g, dy, x, {}, o);
          });
      const auto sync = all(
          a, layout, in_place,
          [](TensorView y, ConstTensorView x, const BatchNormOptions& o) {
            sync_batch_norm(y, x, single_process(), o);
          },
          [](const Gradients& g, ConstTensorView dy, ConstTensorView x, const BatchNormOptions& o) {
            sync_batch_norm_backward(g, dy, x, single_process(), {}, o);
          });
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const Real bound = layout == Layout::contiguous ? 0 : 0x1p-20L * (1 + std::fabs(batch[i]));
        ASSERT_LE(std::fabs(sync[i] - batch[i]), bound) << name_of(layout) << in_place << " " << i;
      }
    }
  }
}

TEST(SyncBatchNorm, ForwardOnOneRankAndBackwardOnAnotherMeet) {
  const Texts got = texts(2, [](TensorView y, ConstTensorView x, Communicator& ranks) {
    if (ranks.rank() == 0) return sync_batch_norm(y, x, ranks);
    sync_batch_norm_backward({.dx = y}, x, x, ranks);
  });
  EXPECT_EQ(got[0],
            "[sync_batch_norm] call: expected sync_batch_norm as on rank 0, got sync_batch_norm_backward on rank 1");
}

// A channel of one value on each of two ranks has two; on one of two ranks, the other empty, it has one.
TEST(SyncBatchNorm, OneValuePerChannelIsCountedOverAllRanks) {
  const auto run = [](std::int64_t second, OneValue policy) {
    Texts got;
    for (const auto& thrown : ThreadRanks::run(2, [&](Communicator& ranks) {
           const TestTensor x(DType::f32, Array({ranks.rank() == 0 ? 1 : second, 3}, 2.0L + ranks.rank()));
           TestTensor y(DType::f32, x.view().sizes());
           sync_batch_norm(y, x, ranks, {.eps = 0, .one_value = policy});
           const Real expected = second == 0 ? 0 : 2 * ranks.rank() - 1;
           EXPECT_TRUE(all_equal(y.read(), expected));
         })) {
      got.push_back(said(thrown));
    }
    return got;
  };
  EXPECT_EQ(run(1, OneValue::error), Texts(2));
  EXPECT_EQ(run(0, OneValue::error),
            Texts(2, "[sync_batch_norm] x: expected more than one value per channel over all ranks, got 1"));
  EXPECT_EQ(run(0, OneValue::zero_variance), Texts(2));
}

TEST(SyncBatchNorm, NoSamplesAnywhereLeaveTheRunningStatistics) {
  ThreadRanks::run(2, [](Communicator& ranks) {
    TestTensor y(DType::f32, Dims{0, 3}), mean(DType::f64, Array({3}, 4)), var(DType::f64, Array({3}, 5));
    sync_batch_norm(y, y, ranks, {.running_mean = mean, .running_var = var}, {{}, {}, mean, var});
    EXPECT_TRUE(all_equal(mean.read(), 4));
    EXPECT_TRUE(all_equal(var.read(), 5));
  });
}

// Masked elements enter no rank's statistics: as if they were dropped.
TEST(SyncBatchNorm, MaskedElementsDoNotCountOnAnyRank) {
  const Dims shape{3, 6, 5};
  ThreadRanks::run(3, [&](Communicator& ranks) {
    const auto seed = static_cast<std::uint64_t>(ranks.rank());
    Array values = random_values(shape, DType::f32, 10 + seed), valid(shape, 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % 5 != 4) continue;  // the last position of each channel
      values[i] = 1e6;
      valid[i] = 0;
    }
    const TestTensor x(DType::f32, values), mask(DType::u8, valid);
    const ConstTensorView dropped(x.view().data(), DType::f32, {3, 6, 4}, x.view().strides());
    TestTensor y(DType::f32, shape), y_dropped(DType::f32, Dims{3, 6, 4});
    TestTensor mean(DType::f64, Dims{6}), mean_dropped(DType::f64, Dims{6});
    sync_batch_norm(y, x, ranks, {.mask = {mask}}, {.mean = mean});
    sync_batch_norm(y_dropped, dropped, ranks, {}, {.mean = mean_dropped});
    const Array a = mean.read(), b = mean_dropped.read();
    for (std::size_t c = 0; c < 6; ++c) EXPECT_NEAR(static_cast<double>(a[c] - b[c]), 0, 1e-13) << c;
    EXPECT_EQ(y.read()[4], 0);
  });
}

TEST(SyncBatchNorm, ExplainingIsAgreedOnToo) {
  const Texts got = texts(2, [](TensorView y, ConstTensorView x, Communicator& ranks) {
    Context context;
    context.explain_only = true;
    sync_batch_norm(y, x, ranks, {}, {}, context);
    EXPECT_NE(context.plan().find("sync_batch_norm"), std::string::npos);
    context.explain_only = ranks.rank() == 1;
    sync_batch_norm(y, x, ranks, {}, {}, context);
  });
  EXPECT_EQ(got, Texts(2, "[sync_batch_norm] explain_only: expected false as on rank 0, got true on rank 1"));
}

}  // namespace
}  // namespace poise::test
