// What holds for every technique (options.h), tested on every row of the technique table.

#include <poise/technique.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "expect.h"

namespace poise::test {
namespace {

const Dims shape{4, 6, 5, 7};

class Contract : public ::testing::TestWithParam<const Technique*> {
 protected:
  const Technique& technique() const { return *GetParam(); }
  // Parameters that suit the shapes below, whose axis 1 has six channels.
  Parameters parameters(const Dims& sizes = shape) const {
    Parameters p;
    if (takes(technique(), "groups")) p.groups = 3;
    return suited(technique(), p, sizes);
  }
  Expected expected(const TestTensor& x, const Parameters& p) const {
    return oracle_named(technique().name)(x.read(), p);
  }
  bool subtracts_a_center(const Expected& e) const {
    return std::all_of(e.t.begin(), e.t.end(), [](Real t) { return t == 0; });
  }
};

std::vector<const Technique*> rows() {
  std::vector<const Technique*> result;
  for (const Technique& t : techniques()) result.push_back(&t);
  return result;
}
INSTANTIATE_TEST_SUITE_P(EveryTechnique, Contract, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param->name); });

constexpr Layout without_broadcast[] = {Layout::contiguous, Layout::channels_last, Layout::sliced,
                                        Layout::stepped,    Layout::transposed,    Layout::reversed};

TEST_P(Contract, HasAnOracle) {
  EXPECT_NE(oracle_named(technique().name), nullptr) << "add its paper's formula to tests/oracle_*.cpp";
}

TEST_P(Contract, InPlaceGivesTheSameBits) {
  for (const DType type : floating_types) {
    for (const Layout layout : without_broadcast) {
      SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout));
      Parameters p = parameters();
      const Operands operands(technique(), shape, DType::f32, p);
      const Array values = random_values(shape, type, 1);
      const Outcome apart = run(technique(), TestTensor(type, values, layout), {type, layout}, p);
      Outcome in_place{TestTensor(type, values, layout), result_memory(technique(), shape, p)};
      technique().run(in_place.y, in_place.y, p, views(in_place.results), default_context());
      EXPECT_SAME_BITS(apart, in_place);
      EXPECT_TRUE(in_place.y.sentinels_intact());
    }
  }
}

TEST_P(Contract, NanAndInfinityStayInTheirCell) {
  if (technique().name == std::string_view("clip")) GTEST_SKIP() << "an infinity is clipped";
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed}) {
    for (const DType type : floating_types) {
      Parameters p = parameters();
      const Operands needed(technique(), shape, DType::f32, p, {});
      const Array clean = random_values(shape, type, 2);
      const Array y = run(technique(), TestTensor(type, clean, layout), {type}, p).y.read();
      for (const std::size_t at : {std::size_t{0}, std::size_t{403}, clean.size() - 1}) {
        Array values = clean;
        values[at] = std::numeric_limits<Real>::quiet_NaN();
        const TestTensor with_nan(type, values, layout);
        const Expected e = expected(with_nan, p);
        const Array nan_y = run(technique(), with_nan, {type}, p).y.read();
        values[at] = std::numeric_limits<Real>::infinity();
        const Array inf_y = run(technique(), TestTensor(type, values, layout), {type}, p).y.read();
        EXPECT_FALSE(std::isfinite(inf_y[at])) << name_of(layout) << " " << at;
        for (std::size_t i = 0; i < y.size(); ++i) {
          const bool same_cell = std::isnan(e.y[i]);
          ASSERT_TRUE(same_cell ? std::isnan(nan_y[i]) : nan_y[i] == y[i]) << name_of(layout) << " " << i;
          ASSERT_TRUE(same_cell || inf_y[i] == y[i]) << name_of(layout) << " " << i;
        }
      }
    }
  }
}

TEST_P(Contract, AnEmptyTensorLeavesEverythingAsItWas) {
  for (const Dims& sizes : {Dims{0, 6, 5}, Dims{4, 6, 0}, Dims{0, 6, 0}}) {
    SCOPED_TRACE(sizes.str());
    Parameters p = parameters(sizes);
    const Operands operands(technique(), sizes, DType::f32, p, {"running_mean", "running_var"});
    Results results;
    if (p.running_mean.present()) {  // aliasing the old: unchanged is visible
      results.running_mean = operands["running_mean"].view();
      results.running_var = operands["running_var"].view();
    }
    const auto mean = p.running_mean.present() ? operands["running_mean"].bits() : std::vector<std::byte>();
    const auto var = p.running_mean.present() ? operands["running_var"].bits() : std::vector<std::byte>();
    const TestTensor x(DType::f32, sizes);
    TestTensor y(DType::f32, sizes);
    technique().run(y, x, p, results, default_context());
    EXPECT_TRUE(y.sentinels_intact());
    if (p.running_mean.present()) {
      EXPECT_EQ(operands["running_mean"].bits(), mean);
      EXPECT_EQ(operands["running_var"].bits(), var);
    }
  }
}

// Where t = 0 all over a constant tensor, y is the shift, to the bit. (RMS norm and given statistics keep a t.)
TEST_P(Contract, AConstantCellGivesExactlyTheShift) {
  for (const DType type : floating_types) {
    for (const Real value : {0.0L, 1.0L, -3.75L, 0.1L, 1e4L}) {
      for (const double eps : {-1.0, 0.0}) {
        for (const Layout layout : all_layouts) {
          Parameters p = parameters();
          if (takes(technique(), "eps")) p.eps = eps;
          const Operands operands(technique(), shape, DType::f32, p, {"gamma", "beta"});
          const TestTensor x(type, Array(shape, value), layout);
          const Expected e = expected(x, p);
          const Outcome outcome = run(technique(), x, {type}, p);
          EXPECT_RIGHT(outcome, e, roundings);
          if (!subtracts_a_center(e)) continue;
          const Array y = outcome.y.read();
          for (std::size_t i = 0; i < y.size(); ++i) {
            if (e.growth[i] > 0) continue;  // the shift itself is computed
            ASSERT_EQ(y[i], rounded(e.shift[i], type)) << name_of(type) << " " << name_of(layout) << " of " << value;
          }
        }
      }
    }
  }
}

// Also in release builds of each compiler: the low part of the center is easily optimized away.
TEST_P(Contract, MeanFarAboveTheDeviation) {
  for (const DType type : {DType::f32, DType::f64}) {
    for (const double ratio : {1e2, 1e4, 1e5, -1e5}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " " + std::to_string(ratio));
        const Dims sizes{3, 6, 29, 31};
        Parameters p = parameters(sizes);
        const Operands operands(technique(), sizes, DType::f32, p, {"gamma", "beta"});
        const TestTensor x(type, random_values(sizes, type, 3, ratio * 0.1, 0.1), layout);
        EXPECT_RIGHT(run(technique(), x, {type}, p), expected(x, p), roundings);
      }
    }
  }
}

TEST_P(Contract, EveryFiniteMagnitude) {
  constexpr Real most = 0x1.FFFFFEp127L;
  for (const DType type : {DType::f32, DType::bf16}) {
    for (const Real magnitude : {1e30L, most, 1e-30L, 1e-38L, 3e-39L, 1e-42L}) {
      for (const double eps : {-1.0, 0.0}) {
        for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
          Parameters p = parameters();
          if (takes(technique(), "eps")) p.eps = eps;
          const Operands needed(technique(), shape, DType::f32, p, {});
          Array values = random_values(shape, DType::f64, 4, 0, 0.4);
          for (auto& v : values.values) v = magnitude * std::fmin(std::fmax(v, -0.99L), 0.99L);
          const TestTensor x(type, values, layout);
          SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " " +
                       std::to_string(static_cast<double>(std::log10(magnitude))) + " eps " + std::to_string(eps));
          EXPECT_RIGHT(run(technique(), x, {type}, p), expected(x, p), roundings);
        }
      }
    }
  }
}

// Coefficients beyond float32 are another loop's; whose they are not keeps its own, and its bits. The oracle says who
// shares a cell: where its y is NaN; and, where windows overlap, whom the cell's other elements reach: where y changes.
TEST_P(Contract, ACellOfTinyValuesChangesNoBitOfAnother) {
  for (const DType type : {DType::f32, DType::bf16}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::transposed}) {
      Parameters p = parameters();
      if (takes(technique(), "eps")) p.eps = 0;
      const Operands needed(technique(), shape, DType::f32, p, {});
      const Array clean = random_values(shape, type, 7);
      const Array y = run(technique(), TestTensor(type, clean, layout), {type, layout}, p).y.read();
      const Array clean_y = expected(TestTensor(type, clean, layout), p).y;
      for (const std::size_t at : {std::size_t{0}, std::size_t{403}, clean.size() - 1}) {
        Array marked = clean, tiny = clean;
        marked[at] = std::numeric_limits<Real>::quiet_NaN();
        const Array cell = expected(TestTensor(type, marked, layout), p).y;
        for (std::size_t i = 0; i < tiny.size(); ++i) tiny[i] *= std::isnan(cell[i]) ? 0x1p-110L : 1;
        const TestTensor x(type, tiny, layout);
        const Outcome outcome = run(technique(), x, {type, layout}, p);
        const Expected e = expected(x, p);
        EXPECT_RIGHT(outcome, e, roundings);
        const Array tiny_y = outcome.y.read();
        for (std::size_t i = 0; i < y.size(); ++i) {
          ASSERT_TRUE(std::isnan(cell[i]) || e.y[i] != clean_y[i] || tiny_y[i] == y[i])
              << name_of(type) << " " << name_of(layout) << " " << i;
        }
      }
    }
  }
}

// Which axes split cells is the oracle's to say: where a narrowed tensor's reference is the whole one's.
TEST_P(Contract, TheNumberOfOtherCellsChangesNoBit) {
  if (std::string_view(technique().name) == "spectral_norm") GTEST_SKIP() << "all of x is one cell";
  int axes_found = 0;
  for (const Dims& sizes : {Dims{9, 6, 5, 7}, Dims{6, 30, 4}, Dims{37, 18}}) {
    const Parameters plain = parameters(sizes);
    Parameters p = plain;
    const bool instances = std::string_view(technique().name) == "instance_norm" || takes(technique(), "style");
    if (sizes.size() == 2 && (instances || p.ghost_size == 1)) continue;  // one value per cell
    const Operands needed(technique(), sizes, DType::f32, p, {});
    const TestTensor x(DType::f32, random_values(sizes, DType::f32, 5));
    const Expected whole = expected(x, p);
    const Array y = run(technique(), x, {DType::f32}, p).y.read();
    for (int axis = 0; axis < sizes.size(); ++axis) {
      for (const std::int64_t count : {std::int64_t{3}, sizes[axis] - 1}) {
        Dims narrow = sizes;
        narrow[axis] = count;
        if (axis == 1 && takes(technique(), "groups") && count % p.groups != 0) continue;
        if (axis == 0 && takes(technique(), "ghost_size") && count % p.ghost_size != 0) continue;
        Parameters q = plain;
        const Operands of_narrow(technique(), narrow, DType::f32, q, {});
        const ConstTensorView part(x.view().data(), DType::f32, narrow, x.view().strides());
        Keys kept;
        std::size_t flat = 0;
        for_each_index(sizes, [&](const Dims& index) {
          if (index[axis] < count) kept.push_back(flat);
          ++flat;
        });
        const Expected of_part = oracle_named(technique().name)(read(part), q);
        const bool splits = std::equal(kept.begin(), kept.end(), of_part.y.values.begin(),
                                       [&](std::size_t i, Real v) { return whole.y[i] == v; });
        if (!splits) continue;
        ++axes_found;
        const Array part_y = run(technique(), part, {DType::f32}, q).y.read();
        for (std::size_t i = 0; i < kept.size(); ++i) ASSERT_EQ(part_y[i], y[kept[i]]) << narrow.str() << " " << i;
      }
    }
  }
  EXPECT_GT(axes_found, 0);
}

TEST_P(Contract, ResultsAndOperandsMayBeStrided) {
  Parameters p = parameters();
  const Operands dense(technique(), shape, DType::f32, p);
  const TestTensor x(DType::f32, random_values(shape, DType::f32, 6));
  const Outcome outcome = run(technique(), x, {DType::f32}, p);
  Outcome strided{TestTensor(DType::f32, shape), {}};
  Parameters q = p;
  std::map<std::string, TestTensor> operands;
  const auto restride = [&](std::string_view name, ConstTensorView& view) {
    if (!view.present()) return;
    const auto [at, inserted] = operands.emplace(name, TestTensor(view.dtype(), read(view), Layout::reversed));
    view = at->second.view();
  };
  restride("gamma", q.gamma), restride("beta", q.beta);
  restride("running_mean", q.running_mean), restride("running_var", q.running_var);
  for (const auto& [name, result] : outcome.results) {
    strided.results.emplace(name, TestTensor(result.view().dtype(), result.view().sizes(), Layout::sliced));
  }
  technique().run(strided.y, x, q, views(strided.results), default_context());
  EXPECT_SAME_BITS(outcome, strided);
  for (const auto& [name, result] : strided.results) EXPECT_TRUE(result.sentinels_intact()) << name;
}

}  // namespace
}  // namespace poise::test
