#pragma once

// Synchronized batch norm on one rank's share of a batch, compared with the oracle of the whole batch: the same code
// for ranks that are threads and for ranks by MPI.

#include <poise/sync_batch_norm.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "backward_outcome.h"
#include "expect.h"

namespace poise::test {

// The samples [begin, end) of this rank: unequal numbers, one, and none.
struct Share {
  std::size_t begin = 0, end = 0, all = 0;
};
inline Share share_of(const Communicator& ranks) {
  constexpr std::size_t samples[] = {3, 0, 1, 5, 2};
  Share share;
  for (int r = 0; r < ranks.size(); ++r) {
    if (r == ranks.rank()) share.begin = share.all;
    share.all += samples[r % 5];
    if (r == ranks.rank()) share.end = share.all;
  }
  return share;
}

// Axis 0 from begin to end.
inline Array samples(const Array& whole, const Share& share) {
  Dims sizes = whole.sizes;
  const std::size_t each = whole.size() / share.all;
  sizes[0] = static_cast<std::int64_t>(share.end - share.begin);
  Array part(sizes);
  for (std::size_t i = 0; i < part.size(); ++i) part[i] = whole[share.begin * each + i];
  return part;
}
inline std::vector<Real> samples(const std::vector<Real>& whole, const Share& share) {
  const std::size_t each = whole.size() / share.all;
  return {whole.begin() + static_cast<std::ptrdiff_t>(share.begin * each),
          whole.begin() + static_cast<std::ptrdiff_t>(share.end * each)};
}

inline void expect_same_bits_on_every_rank(Communicator& ranks, const TestTensor& mine, const char* name) {
  const std::vector<std::byte> bits = mine.bits();
  std::vector<std::byte> all(bits.size() * static_cast<std::size_t>(ranks.size()));
  ranks.all_gather(bits.data(), bits.size(), all.data());
  EXPECT_EQ(std::memcmp(all.data(), bits.data(), bits.size()), 0) << name << " of rank " << ranks.rank();
}

// The sum over ranks of their parts of a parameter's gradient is the whole batch's.
inline void expect_sum_over_ranks(Communicator& ranks, const TestTensor& part, Statistic expected, const char* name) {
  const Array mine = part.read();
  std::vector<double> values, all(mine.size() * static_cast<std::size_t>(ranks.size()));
  for (const Real v : mine.values) values.push_back(static_cast<double>(v));
  ranks.all_gather(values.data(), values.size() * sizeof(double), all.data());
  Array sum(mine.sizes);
  for (std::size_t i = 0; i < all.size(); ++i) {
    sum[i % mine.size()] += all[i];
    expected.error[i % mine.size()] += w * std::fabs(static_cast<Real>(all[i]));  // each part was rounded
  }
  EXPECT_RIGHT(TestTensor(DType::f64, sum), expected, name);
}

struct SyncCase {
  DType type = DType::f32;
  Layout layout = Layout::contiguous;
  BatchNormOptions options = {};
  bool saved = true;  // mean and rstd given to the backward pass
  double mean = 0.5;
};

inline const Dims sync_shape{0, 6, 5, 7};  // and as many samples as the ranks have together

class SyncRank {
 public:
  SyncRank(Communicator& ranks, const SyncCase& c) : ranks_(ranks), case_(c), share_(share_of(ranks)), o_(c.options) {
    Dims shape = sync_shape;
    shape[0] = static_cast<std::int64_t>(share_.all);
    x_ = random_values(shape, c.type, 31, c.mean, 2);
    dy_ = random_values(shape, c.type, 32, 0.2, 1);
    for (const std::int64_t axis : o_.channel_axes) channels_.push_back(shape[static_cast<int>(axis)]);
    gamma_ = TestTensor(DType::f32, random_values(channels_, DType::f32, 33, 1, 0.5));
    beta_ = TestTensor(DType::f32, random_values(channels_, DType::f32, 34));
    old_mean_ = TestTensor(DType::f64, random_values(channels_, DType::f64, 35));
    old_var_ = TestTensor(DType::f64, Array(channels_, 1.5L));
    o_.gamma = gamma_, o_.beta = beta_, o_.running_mean = old_mean_, o_.running_var = old_var_;
    p_.mode = o_.mode, p_.channel_axes = o_.channel_axes, p_.eps = o_.eps, p_.eps_place = o_.eps_place;
    p_.divisor = o_.divisor, p_.running_divisor = o_.running_divisor, p_.momentum = o_.momentum;
    p_.gamma = gamma_, p_.beta = beta_, p_.running_mean = old_mean_, p_.running_var = old_var_;
  }

  void expect_right() {
    const TestTensor x(case_.type, samples(x_, share_), case_.layout);
    forward(x);
    backward(x);
  }

 private:
  bool training() const { return o_.mode == BatchNormMode::training; }

  void forward(const TestTensor& x) {
    TestTensor y(case_.type, x.view().sizes(), case_.layout);
    TestTensor running_mean(DType::f64, channels_), running_var(DType::f64, channels_);
    mean_ = TestTensor(DType::f64, channels_), rstd_ = TestTensor(DType::f64, channels_);
    BatchNormResults results;
    if (training()) results = {mean_, rstd_, running_mean, running_var};
    sync_batch_norm(y, x, ranks_, o_, results, context_);
    const Expected whole = oracle_named("sync_batch_norm")(x_, p_);
    Expected mine{samples(whole.y, share_),
                  samples(whole.t, share_),
                  samples(whole.shift, share_),
                  samples(whole.growth, share_),
                  whole.x,
                  {}};
    EXPECT_RIGHT(y, mine, roundings_of(active_target(), case_.type, o_.gamma));
    if (!training()) return;
    const auto expect_result = [&](const TestTensor& result, const char* name) {
      EXPECT_RIGHT(result, whole.results.at(name), name);
      expect_same_bits_on_every_rank(ranks_, result, name);
    };
    expect_result(mean_, "mean"), expect_result(rstd_, "rstd");
    expect_result(running_mean, "running_mean"), expect_result(running_var, "running_var");
  }

  void backward(const TestTensor& x) {
    const TestTensor dy(case_.type, samples(dy_, share_), case_.layout);
    BackwardOutcome outcome{TestTensor(case_.type, x.view().sizes(), case_.layout), {}};
    TestTensor dgamma(DType::f64, channels_), dbeta(DType::f64, channels_);
    BatchNormResults saved;
    if (training() && case_.saved) saved = {mean_, rstd_, {}, {}};
    sync_batch_norm_backward({outcome.dx, dgamma, dbeta}, dy, x, ranks_, saved, o_, context_);
    const ExpectedGradients whole = backward_oracle_named("sync_batch_norm")(x_, dy_, p_);
    const ExpectedGradients mine{
        samples(whole.dx, share_), samples(whole.terms, share_), samples(whole.growth, share_), whole.x, {}};
    EXPECT_RIGHT(outcome, mine);
    expect_sum_over_ranks(ranks_, dgamma, whole.gradients.at("dgamma"), "dgamma");
    expect_sum_over_ranks(ranks_, dbeta, whole.gradients.at("dbeta"), "dbeta");
  }

  Communicator& ranks_;
  SyncCase case_;
  Share share_;
  BatchNormOptions o_;
  Parameters p_;
  Context context_;
  Dims channels_;
  Array x_, dy_;
  TestTensor gamma_, beta_, old_mean_, old_var_, mean_, rstd_;
};

inline void expect_as_one_rank(Communicator& ranks, const SyncCase& c) { SyncRank(ranks, c).expect_right(); }

}  // namespace poise::test
